"""Make the tables of the owner's account and of sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NAME = sa.String(200)
DIGEST = sa.String(64)


def upgrade() -> None:
    """Create the tables and the counter of their changes."""
    op.create_table(
        "accounts",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("account", NAME, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("last_used", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("address", NAME, nullable=False),
        sa.Column("client", NAME, nullable=False),
    )
    counters = sa.table("generations", sa.column("topic", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"topic": "account", "value": 0}])
