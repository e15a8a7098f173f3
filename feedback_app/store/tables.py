"""The tables, defined once for SQLite and PostgreSQL. `migrations/` brings a database up to this definition."""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    text,
)

from feedback_app.store.types import (
    Amount,
    Document,
    Finite,
    JsonText,
    Measures,
    PlainText,
    Seconds,
    UtcDateTime,
    Whole,
)

# Free text is stored as a JSON string: databases of older versions may contain NUL and lone surrogates, which PostgreSQL's
# text type refuses, while its json type (unlike jsonb) takes any escaped character. `json_rules.stored` reads it.
FREE_TEXT = JsonText()
OPTIONAL_TEXT = JsonText(optional=True)
DOCUMENT = JSON(none_as_null=True)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def partial_index(*columns: str, where: str) -> Index:
    return Index(None, *columns, sqlite_where=text(where), postgresql_where=text(where))


WAITING = "status IN ('generating', 'open')"

comparisons = Table(
    "comparisons",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("status", PlainText, nullable=False),
    Column("source", PlainText, nullable=False),
    Column("persona", PlainText, nullable=False),
    Column("tags", DOCUMENT, nullable=False),
    Column("messages", DOCUMENT, nullable=False),
    Column("candidates", DOCUMENT, nullable=False),
    Column("prompt_key", PlainText, nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("repeat_of", PlainText),
    Column("selection", PlainText, nullable=False, server_default="random"),
    Index(None, "created_at", "id"),
    Index(None, "status", "created_at", "id"),
    partial_index("repeat_of", where="repeat_of IS NOT NULL"),
    partial_index("source", "created_at", "id", where=WAITING),
)


def _ranking_columns() -> tuple[Column[Any], ...]:
    return (
        Column("groups", DOCUMENT, nullable=False),
        Column("all_bad", Boolean, nullable=False),
        Column("aspects", DOCUMENT, nullable=False),
        Column("note", FREE_TEXT, nullable=False),
        Column("edit", OPTIONAL_TEXT),
        Column("annotator", PlainText, nullable=False),
        Column("source", PlainText, nullable=False),
        Column("seconds", Seconds),
        Column("created_at", UtcDateTime, nullable=False),
        Column("pairs", Whole, nullable=False),
        Column("ties", Whole, nullable=False),
        Column("met", PlainText, nullable=False, server_default=text("''")),
    )


# `pairs`, `ties` and `met` (see domain/pairwise_outcomes.py) are computed when the ranking is stored, so that totals and the
# leaderboard need not read every comparison.
rankings = Table(
    "rankings",
    metadata,
    Column("comparison_id", PlainText, ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=True),
    *_ranking_columns(),
    Index(None, "annotator", "created_at", "comparison_id"),
    partial_index("met", "annotator", where="met != ''"),
    partial_index("comparison_id", where="edit IS NOT NULL"),
)

# Rankings by annotators other than the owner, made at a desk.
annotations = Table(
    "annotations",
    metadata,
    Column("comparison_id", PlainText, ForeignKey("comparisons.id", ondelete="CASCADE"), nullable=False),
    *_ranking_columns(),
    PrimaryKeyConstraint("comparison_id", "annotator"),
)

# Withdrawn rankings: they do not count, and can be restored unchanged.
withdrawn = Table(
    "withdrawn",
    metadata,
    Column("comparison_id", PlainText, ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=True),
    *_ranking_columns(),
)

# The live reward model's guesses, made before the ranking: one probability per candidate, in their order.
guesses = Table(
    "guesses",
    metadata,
    Column("comparison_id", PlainText, ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=True),
    Column("probabilities", DOCUMENT, nullable=False),
    Column("votes", Whole, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("chosen_probability", Finite),
    Column("correct", Finite),
    partial_index("created_at", "comparison_id", where="correct IS NOT NULL"),
)

# `digest` makes an import repeatable: the same content is stored once.
demonstrations = Table(
    "demonstrations",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("digest", PlainText, nullable=False, unique=True),
    Column("prompt", DOCUMENT, nullable=False),
    Column("reply", FREE_TEXT, nullable=False),
    Column("source", PlainText, nullable=False, index=True),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("digest", PlainText, nullable=False, unique=True),
    Column("prompt", DOCUMENT, nullable=False),
    Column("reply", FREE_TEXT, nullable=False),
    Column("good", Boolean, nullable=False),
    Column("source", PlainText, nullable=False, index=True),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("model", PlainText, nullable=False),
    Column("persona", PlainText, nullable=False),
    Column("title", FREE_TEXT, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    Column("beside", PlainText),
)


def _message_columns() -> list[Column[Any]]:
    """The columns of a message, in the conversation or as an alternative."""
    return [
        Column("role", PlainText, nullable=False),
        Column("content", FREE_TEXT, nullable=False),
        Column("model", PlainText, nullable=False),
        Column("rating", Whole),
        Column("created_at", UtcDateTime, nullable=False),
        Column("best_of", Whole, nullable=False, server_default="1"),
        Column("chosen_by", PlainText),
        Column("original", OPTIONAL_TEXT),
        Column("ending", PlainText),
        Column("persona", PlainText),
    ]


turns = Table(
    "turns",
    metadata,
    Column(
        "conversation_id", PlainText, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("position", Whole, primary_key=True),
    *_message_columns(),
    Column("number", Whole, nullable=False, server_default="0"),
)

alternatives = Table(
    "alternatives",
    metadata,
    Column(
        "conversation_id", PlainText, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("position", Whole, primary_key=True),
    Column("number", Whole, primary_key=True),
    *_message_columns(),
)
"""Alternative replies at a turn's position."""

rounds = Table(
    "rounds",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("method", PlainText, nullable=False),
    Column("config", Document, nullable=False),
    Column("parent", PlainText, nullable=False),
    Column("state", PlainText, nullable=False, index=True),
    Column("stage", PlainText, nullable=False),
    Column("step", Whole, nullable=False),
    Column("total", Whole, nullable=False),
    Column("percent", Amount, nullable=False),
    Column("seconds_left", Finite),
    Column("metrics", Measures, nullable=False),
    Column("attempt", Whole, nullable=False),
    Column("fence", Whole, nullable=False),
    Column("worker", PlainText, nullable=False),
    Column("heartbeat_at", UtcDateTime),
    Column("cancel_requested", Boolean, nullable=False),
    Column("snapshot", PlainText, nullable=False),
    Column("checkpoint", PlainText),
    Column("decision", Document(optional=True)),
    Column("error", PlainText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
)

round_events = Table(
    "round_events",
    metadata,
    Column("round_id", PlainText, ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Whole, primary_key=True),
    Column("stage", PlainText, nullable=False),
    Column("step", Whole, nullable=False),
    Column("total", Whole, nullable=False),
    Column("metrics", Measures, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("message", PlainText, nullable=False),
    Column("percent", Amount, nullable=False),
    Column("seconds_left", Finite),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("path", PlainText, nullable=False),
    Column("parent", PlainText, nullable=False),
    Column("round_id", PlainText),
    Column("method", PlainText, nullable=False),
    Column("manifest", Document, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)

# The migration puts `latest` and `champion` on `base`, which is a version without a row in `checkpoints`.
aliases = Table(
    "aliases",
    metadata,
    Column("alias", PlainText, primary_key=True),
    Column("checkpoint", PlainText, nullable=False),
)

# `before` holds all aliases before the promotion, which a rollback restores.
promotions = Table(
    "promotions",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("alias", PlainText, nullable=False),
    Column("checkpoint", PlainText, nullable=False),
    Column("by", PlainText, nullable=False),
    Column("round_id", PlainText, unique=True),
    Column("before", Document, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("undone_at", UtcDateTime),
    Column("undone_by", PlainText),
)

# Imports that are not complete, and what imports stored. An import that dies is taken back with it.
running_imports = Table("running_imports", metadata, Column("id", PlainText, primary_key=True))

imported_records = Table(
    "imported_records",
    metadata,
    Column("id", Whole, primary_key=True),
    Column("import_id", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("key", PlainText, nullable=False),
)
