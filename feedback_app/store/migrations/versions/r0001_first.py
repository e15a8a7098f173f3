"""The first tables: comparisons and rankings, chats, rounds, the registry, the outbox."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Parts before wholes: the order in which they can be dropped.
TABLES: tuple[str, ...] = (
    "promotions",
    "aliases",
    "checkpoints",
    "round_events",
    "rounds",
    "turns",
    "conversations",
)
TABLES += ("ratings", "demonstrations", "outbox", "rankings", "comparisons")


def upgrade() -> None:
    _comparisons()
    _rankings()
    _outbox()
    _unpaired("demonstrations")
    _unpaired("ratings", _boolean("good"))
    _conversations()
    _rounds()
    _round_events()
    _registry()


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)


def _comparisons() -> None:
    op.create_table(
        "comparisons",
        _text("id"),
        _text("status"),
        _text("source"),
        _text("persona"),
        _json("tags"),
        _json("messages"),
        _json("candidates"),
        _text("prompt_key"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_comparisons"),
    )
    op.create_index("ix_comparisons_created_at_id", "comparisons", ["created_at", "id"])
    op.create_index("ix_comparisons_prompt_key", "comparisons", ["prompt_key"])
    op.create_index("ix_comparisons_status_created_at_id", "comparisons", ["status", "created_at", "id"])


def _rankings() -> None:
    op.create_table(
        "rankings",
        _text("comparison_id"),
        _json("groups"),
        _boolean("all_bad"),
        _json("aspects"),
        _json("note"),
        _json("edit", nullable=True),
        _text("annotator"),
        _text("source"),
        sa.Column("seconds", sa.Float()),
        _moment("created_at"),
        _integer("pairs"),
        _integer("ties"),
        _part_of("rankings", "comparison_id", "comparisons"),
        sa.PrimaryKeyConstraint("comparison_id", name="pk_rankings"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        _integer("id"),
        _text("desk"),
        _text("comparison_id"),
        _boolean("refused"),
        _integer("attempts"),
        _text("reason"),
        _moment("due_at"),
        _part_of("outbox", "comparison_id", "comparisons"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_comparison_id_desk", "outbox", ["comparison_id", "desk"])
    op.create_index("ix_outbox_refused_due_at", "outbox", ["refused", "due_at"])


def _unpaired(name: str, *more: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _integer("id"),
        _text("digest"),
        _json("prompt"),
        _json("reply"),
        *more,
        _text("source"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("digest", name=f"uq_{name}_digest"),
    )


def _conversations() -> None:
    op.create_table(
        "conversations",
        _text("id"),
        _text("model"),
        _text("persona"),
        _json("title"),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_updated_at", "conversations", ["updated_at"])
    op.create_table(
        "turns",
        _text("conversation_id"),
        _integer("position"),
        _text("role"),
        _json("content"),
        _text("model"),
        sa.Column("rating", sa.Integer()),
        _moment("created_at"),
        _part_of("turns", "conversation_id", "conversations"),
        sa.PrimaryKeyConstraint("conversation_id", "position", name="pk_turns"),
    )


def _rounds() -> None:
    op.create_table(
        "rounds",
        _text("id"),
        _text("method"),
        _json("config"),
        _text("parent"),
        _text("state"),
        *_progress(),
        _integer("attempt"),
        _integer("fence"),
        _text("worker"),
        _moment("heartbeat_at", nullable=True),
        _boolean("cancel_requested"),
        _text("snapshot"),
        _text("checkpoint", nullable=True),
        _json("decision", nullable=True),
        _text("error"),
        _moment("created_at"),
        _moment("started_at", nullable=True),
        _moment("finished_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rounds"),
    )
    op.create_index("ix_rounds_created_at", "rounds", ["created_at"])
    op.create_index("ix_rounds_state", "rounds", ["state"])


def _round_events() -> None:
    op.create_table(
        "round_events",
        _text("round_id"),
        _integer("seq"),
        *_progress(),
        _moment("at"),
        _text("message"),
        _part_of("round_events", "round_id", "rounds"),
        sa.PrimaryKeyConstraint("round_id", "seq", name="pk_round_events"),
    )


def _registry() -> None:
    op.create_table(
        "checkpoints",
        _text("name"),
        _text("path"),
        _text("parent"),
        _text("round_id", nullable=True),
        _text("method"),
        _json("manifest"),
        _boolean("passed"),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("name", name="pk_checkpoints"),
    )
    op.create_index("ix_checkpoints_created_at", "checkpoints", ["created_at"])
    key = sa.PrimaryKeyConstraint("alias", name="pk_aliases")
    aliases = op.create_table("aliases", _text("alias"), _text("checkpoint"), key)
    op.bulk_insert(aliases, [{"alias": name, "checkpoint": "base"} for name in ("champion", "latest")])
    _promotions()


def _promotions() -> None:
    op.create_table(
        "promotions",
        _integer("id"),
        _text("alias"),
        _text("checkpoint"),
        _text("by"),
        _text("round_id", nullable=True),
        _json("before"),
        _moment("at"),
        _moment("undone_at", nullable=True),
        _text("undone_by", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
        sa.UniqueConstraint("round_id", name="uq_promotions_round_id"),
    )


def _progress() -> tuple[sa.Column[Any], ...]:
    return (
        _text("stage"),
        _integer("step"),
        _integer("total"),
        sa.Column("percent", sa.Float(), nullable=False),
        sa.Column("seconds_left", sa.Float()),
        _json("metrics"),
    )


def _text(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _json(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def _integer(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _boolean(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _moment(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _part_of(table: str, column: str, whole: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{whole}.id"], name=f"fk_{table}_{column}_{whole}", ondelete="CASCADE"
    )
