"""Make the tables of durable runs and of schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NAME = sa.String(200)
DIGEST = sa.String(64)
RUN_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "durable_runs",
        sa.Column("id", RUN_ID, primary_key=True),
        sa.Column("flow", NAME, nullable=False),
        sa.Column("key", DIGEST),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.UniqueConstraint("flow", "key", name="uq_durable_runs_flow"),
    )
    op.create_index("ix_durable_runs_state", "durable_runs", ["state", "due"])
    op.create_table(
        "schedules",
        sa.Column("flow", NAME, primary_key=True),
        sa.Column("times", DIGEST, nullable=False),
        sa.Column("settled", sa.BigInteger, nullable=False),
        sa.Column("fired", sa.BigInteger),
        sa.Column("run", RUN_ID),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("claimed_until", sa.BigInteger, nullable=False),
    )
