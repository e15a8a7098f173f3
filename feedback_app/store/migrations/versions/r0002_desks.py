"""Rankings by other annotators, and what the desks and we last agreed on."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "annotations",
        _text("comparison_id"),
        _json("groups"),
        sa.Column("all_bad", sa.Boolean(), nullable=False),
        _json("aspects"),
        _json("note"),
        _json("edit", nullable=True),
        _text("annotator"),
        _text("source"),
        sa.Column("seconds", sa.Float()),
        _moment("created_at"),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("ties", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("comparison_id", "annotator", name="pk_annotations"),
        sa.ForeignKeyConstraint(
            ["comparison_id"],
            ["comparisons.id"],
            name="fk_annotations_comparison_id_comparisons",
            ondelete="CASCADE",
        ),
    )
    keys = ("desk", "comparison_id", "annotator")
    constraint = sa.PrimaryKeyConstraint(*keys, name="pk_desk_verdicts")
    op.create_table("desk_verdicts", *map(_text, keys), _text("ours"), _text("theirs"), constraint)
    op.create_table(
        "desk_states",
        *map(_text, ("desk", "state", "reason", "mark")),
        _json("problems"),
        _moment("pull_after"),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("try_after"),
        _moment("at"),
        sa.PrimaryKeyConstraint("desk", name="pk_desk_states"),
    )


def downgrade() -> None:
    for name in ("desk_states", "desk_verdicts", "annotations"):
        op.drop_table(name)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _json(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
