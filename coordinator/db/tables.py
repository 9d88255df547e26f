"""The tables.  Times are whole milliseconds since the epoch, digests are hex, JSON is text.

A change here needs a migration in `coordinator/db/migrations`; a test compares the two.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)

NAME: Final = String(200)
DIGEST: Final = String(64)
RUN_ID: Final = String(64).with_variant(String(64, collation="C"), "postgresql")
"""Compared byte by byte: the order of a language would ignore the dashes."""

# Flows that are kept here: those from the API and the editor.  Flow files are their own truth.
flows = Table(
    "flows",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", NAME, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

# Every version of every flow that compiled, whatever its origin.
flow_versions = Table(
    "flow_versions",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False),
    Column("text", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("file", Text, nullable=False),
    Column("author", NAME, nullable=False),
    Column("created", BigInteger, nullable=False),
)

# Flows of any origin that somebody switched off; a flow without a row is on.
flow_switches = Table(
    "flow_switches",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("author", NAME, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("label", NAME, nullable=False),
    Column("tools", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("author", NAME, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("revoked", BigInteger),
    Column("last_used", BigInteger),
    Column("last_address", NAME),
    Column("last_client", NAME),
    UniqueConstraint("digest"),
)

# The owner's account, with which a person opens the pages; at most one row.
accounts = Table(
    "accounts",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("hash", Text, nullable=False),  # argon2id, with its parameters and salt
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

# Who is signed in.  The key is a digest, so that a copy of the database opens nothing.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("id", String(32), nullable=False),
    Column("account", NAME, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("last_used", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("address", NAME, nullable=False),
    Column("client", NAME, nullable=False),
)

# One row a call.  Ids are in the order of the start, so lists and retention need no index on time.
runs = Table(
    "runs",
    metadata,
    Column("id", RUN_ID, primary_key=True),
    Column("flow", NAME, nullable=False),
    Column("tool", NAME, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("caller", NAME, nullable=False),
    Column("token_id", String(32), nullable=False),
    Column("address", NAME, nullable=False),
    Column("client", NAME, nullable=False),
    Column("source", String(16), nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("duration", BigInteger, nullable=False),  # microseconds
    Column("detail", Text, nullable=False),  # a `RunDetail`: error, steps, and by policy arguments and result
    Index("ix_runs_tool", "tool", "id"),
    # Nearly all runs are ok: an index over those would cost with every row and find nothing faster.
    Index(
        "ix_runs_outcome",
        "outcome",
        "id",
        sqlite_where=text("outcome <> 'ok'"),
        postgresql_where=text("outcome <> 'ok'"),
    ),
    Index("ix_runs_caller", "caller", "id"),
)

# How often tools were called in a span of time: kept when the runs themselves are not, and quicker to add up.
call_counts = Table(
    "call_counts",
    metadata,
    Column("width", Integer, primary_key=True, autoincrement=False),  # seconds
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # seconds since the epoch
    Column("tool", NAME, primary_key=True),  # empty: all tools together
    Column("calls", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("last_call", BigInteger, nullable=False),
    Column("classes", Text, nullable=False),  # JSON: class of duration to number of calls
    Index("ix_call_counts_start", "start"),
)

# Settings that were changed through the API, JSON by name.
settings = Table(
    "settings",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("value", Text, nullable=False),
    Column("author", NAME, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

# What nobody may read: ciphertexts of `coordinator.vault`, each bound to its place.
secrets = Table(
    "secrets",
    metadata,
    Column("place", NAME, primary_key=True),
    Column("sealed", Text, nullable=False),
)

# Connections that were made through the API; `config` is JSON without anything secret.
connections = Table(
    "connections",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("config", Text, nullable=False),
    Column("author", NAME, nullable=False),
    Column("changed", BigInteger, nullable=False),
)

# The OAuth tokens of a connection are in `secrets`; here is what is known of them, and who refreshes them now.
oauth_grants = Table(
    "oauth_grants",
    metadata,
    Column("connection", NAME, primary_key=True),
    Column("version", Integer, nullable=False),  # counts the tokens that it has had
    Column("expires", BigInteger),  # of the access token
    Column("refreshed", BigInteger),
    Column("error", Text, nullable=False),  # of the last refresh; empty when it went well
    Column("is_lost", Boolean, nullable=False),  # the provider took it back: a person must sign in again
    Column("quiet_until", BigInteger, nullable=False),  # until then nobody asks the provider again
    Column("lease", BigInteger, nullable=False),  # counts who refreshed: a late one has an older number
    Column("lease_until", BigInteger, nullable=False),
)

# Sign-ins under way.  Keys are digests, so that a copy of the database opens none.
oauth_attempts = Table(
    "oauth_attempts",
    metadata,
    Column("digest", DIGEST, primary_key=True),  # of the ticket, later of the state
    Column("connection", NAME, nullable=False),
    Column("browser", DIGEST, nullable=False),  # of the cookie; empty until the browser has come
    Column("expires", BigInteger, nullable=False),
)

# The files of packs that are installed or were, by content: JSON of path to base64.
packs = Table(
    "packs",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("version", NAME, nullable=False),
    Column("files", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

# Which version of an install is the current one.
pack_installs = Table(
    "pack_installs",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
)

# Every version of every install: a pack, and the choices that were made (JSON).
pack_install_versions = Table(
    "pack_install_versions",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False),
    Column("choices", Text, nullable=False),
    Column("source", NAME, nullable=False),
    Column("author", NAME, nullable=False),
    Column("created", BigInteger, nullable=False),
)

# Runs that nobody waits for, from their acceptance to their end; done ones stay for a while for the sake of their key.
durable_runs = Table(
    "durable_runs",
    metadata,
    Column("id", RUN_ID, primary_key=True),
    Column("flow", NAME, nullable=False),
    Column("key", DIGEST),  # of the idempotency key; none has no key
    Column("state", String(8), nullable=False),  # waiting, held, done, dead
    Column("due", BigInteger, nullable=False),  # when it may be taken; for a held one the end of the lease
    Column("number", Integer, nullable=False),  # counts its takings: a late holder has a lower number
    Column("attempts", Integer, nullable=False),
    Column("run", Text, nullable=False),  # a `DurableRun`; empty when done
    Column("error", Text, nullable=False),  # a `RunError` of a dead one
    UniqueConstraint("flow", "key"),
    Index("ix_durable_runs_state", "state", "due"),
)

# How far each schedule has come.  Whoever runs what is due claims it first, for a moment, under a higher number.
schedules = Table(
    "schedules",
    metadata,
    Column("flow", NAME, primary_key=True),
    Column("times", DIGEST, nullable=False),  # names what the times come from: another one begins anew
    Column("settled", BigInteger, nullable=False),  # the last time that needs no more work
    Column("fired", BigInteger),  # the last time that was run for
    Column("run", RUN_ID),  # that run
    Column("number", Integer, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
)

# Counts the changes of each topic, so that other coordinators notice them.
generations = Table(
    "generations",
    metadata,
    Column("topic", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

TOPICS: Final = ("flows", "tokens", "settings", "connections", "account", "statistics")
