"""Make the table of call counts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table and the row that coordinators hold while they add to it."""
    op.create_table(
        "call_counts",
        sa.Column("width", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tool", sa.String(200), primary_key=True),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("last_call", sa.BigInteger, nullable=False),
        sa.Column("classes", sa.Text, nullable=False),
    )
    op.create_index("ix_call_counts_start", "call_counts", ["start"])
    counters = sa.table("generations", sa.column("topic", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"topic": "statistics", "value": 0}])
