"""Imports store in short transactions: which are running and what they stored. Indexes of the sources of ratings and
demonstrations, which an import asks for, take a second per million rows."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = ("demonstrations", "ratings")


def upgrade() -> None:
    op.create_table("running_imports", sa.Column("id", sa.Text, primary_key=True))
    op.create_table(
        "imported_records",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("import_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
    )
    for table in TABLES:
        op.create_index(f"ix_{table}_source", table, ["source"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_source", table)
    op.drop_table("imported_records")
    op.drop_table("running_imports")
