"""Guesses of the live reward model, pairs that come back, and how a pair was selected."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("comparisons", sa.Column("repeat_of", sa.Text()))
    op.add_column("comparisons", sa.Column("selection", sa.Text(), nullable=False, server_default="random"))
    op.create_index("ix_comparisons_repeat_of", "comparisons", ["repeat_of"])
    op.create_table("guesses", *_columns())


def _columns() -> tuple[Any, ...]:
    return (
        sa.Column("comparison_id", sa.Text(), nullable=False),
        sa.Column("probabilities", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chosen_probability", sa.Float()),
        sa.Column("correct", sa.Float()),
        sa.PrimaryKeyConstraint("comparison_id", name="pk_guesses"),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["comparisons.id"],
            name="fk_guesses_comparison_id_comparisons",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("guesses")
    op.drop_index("ix_comparisons_repeat_of", "comparisons")
    for name in ("selection", "repeat_of"):
        op.drop_column("comparisons", name)
