"""Make the first tables: flows with versions, tokens, runs, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAME = sa.String(200)
DIGEST = sa.String(64)


def upgrade() -> None:
    """Create all tables and the change counters."""
    _flows()
    _access()
    _runs()
    _state()


def _flows() -> None:
    op.create_table(
        "flows",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "flow_versions",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "flow_switches",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )


def _access() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("label", NAME, nullable=False),
        sa.Column("tools", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
        sa.Column("last_used", sa.BigInteger),
        sa.Column("last_address", NAME),
        sa.Column("last_client", NAME),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        # Compared byte by byte: the order of a language would ignore the dashes.
        sa.Column("id", sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"), primary_key=True),
        sa.Column("flow", NAME, nullable=False),
        sa.Column("tool", NAME, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("caller", NAME, nullable=False),
        sa.Column("token_id", sa.String(32), nullable=False),
        sa.Column("address", NAME, nullable=False),
        sa.Column("client", NAME, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("duration", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_runs_tool", "runs", ["tool", "id"])
    not_ok = sa.text("outcome <> 'ok'")
    op.create_index("ix_runs_outcome", "runs", ["outcome", "id"], sqlite_where=not_ok, postgresql_where=not_ok)
    op.create_index("ix_runs_caller", "runs", ["caller", "id"])


def _state() -> None:
    op.create_table(
        "settings",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    counters = op.create_table(
        "generations",
        sa.Column("topic", sa.String(32), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(counters, [{"topic": topic, "value": 0} for topic in ("flows", "tokens", "settings")])
