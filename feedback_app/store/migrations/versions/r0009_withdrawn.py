"""Verdicts that were taken out and can be brought back."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table("withdrawn", *_columns())


def _columns() -> tuple[Any, ...]:
    return (
        sa.Column("comparison_id", sa.Text(), nullable=False),
        sa.Column("groups", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("all_bad", sa.Boolean(), nullable=False),
        sa.Column("aspects", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("note", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("edit", sa.JSON(none_as_null=True)),
        sa.Column("annotator", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("ties", sa.Integer(), nullable=False),
        sa.Column("met", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.PrimaryKeyConstraint("comparison_id", name="pk_withdrawn"),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["comparisons.id"],
            name="fk_withdrawn_comparison_id_comparisons",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("withdrawn")
