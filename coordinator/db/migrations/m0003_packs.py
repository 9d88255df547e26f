"""Make the tables of packs and their installs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NAME = sa.String(200)
DIGEST = sa.String(64)


def upgrade() -> None:
    """Create the tables; installs count their changes with the flows."""
    op.create_table(
        "packs",
        sa.Column("digest", DIGEST, primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("version", NAME, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pack_installs",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "pack_install_versions",
        sa.Column("name", NAME, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("choices", sa.Text, nullable=False),
        sa.Column("source", NAME, nullable=False),
        sa.Column("author", NAME, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
