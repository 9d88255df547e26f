"""Make the tables of the vault, of connections, and of their OAuth tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NAME = sa.String(200)
DIGEST = sa.String(64)


def upgrade() -> None:
    """Create the tables and the counter of their changes."""
    op.create_table(
        "secrets",
        sa.Column("place", NAME, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )
    op.create_table(
        "connections",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "oauth_grants",
        sa.Column("connection", NAME, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("refreshed", sa.BigInteger),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("is_lost", sa.Boolean, nullable=False),
        sa.Column("quiet_until", sa.BigInteger, nullable=False),
        sa.Column("lease", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "oauth_attempts",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("connection", NAME, nullable=False),
        sa.Column("browser", DIGEST, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    counters = sa.table("generations", sa.column("topic", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"topic": "connections", "value": 0}])
