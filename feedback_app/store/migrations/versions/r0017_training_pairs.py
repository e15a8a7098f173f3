"""The number of preference pairs is kept by the first digits of their prompt key, so that a round need not count them.

Triggers keep it, whoever writes the rankings. SQLite has one writer, so a row per bucket is changed in place. On PostgreSQL
writers must not wait for each other, so each change is a row of its own; `Training` adds them up. A migration that makes
`rankings`, `annotations` or `comparisons` anew on SQLite loses the triggers and has to make them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"

BUCKET = "substr(prompt_key, 1, 3)"
OTHERS = "coalesce((SELECT sum(pairs) FROM annotations WHERE comparison_id = {id}), 0)"
DECIDED = "EXISTS (SELECT 1 FROM rankings WHERE comparison_id = {id})"
ALL = (
    "coalesce((SELECT pairs FROM rankings WHERE comparison_id = {id}), "
    "(SELECT sum(pairs) FROM annotations WHERE comparison_id = {id}), 0)"
)
CHANGES = {
    ("AFTER INSERT", "rankings"): ("NEW.comparison_id", "NEW.pairs - " + OTHERS),
    ("AFTER UPDATE OF pairs", "rankings"): ("NEW.comparison_id", "NEW.pairs - OLD.pairs"),
    ("AFTER DELETE", "rankings"): ("OLD.comparison_id", OTHERS + " - OLD.pairs"),
    ("AFTER INSERT", "annotations"): (
        "NEW.comparison_id",
        "CASE WHEN " + DECIDED + " THEN 0 ELSE NEW.pairs END",
    ),
    ("AFTER UPDATE OF pairs", "annotations"): (
        "NEW.comparison_id",
        "CASE WHEN " + DECIDED + " THEN 0 ELSE NEW.pairs - OLD.pairs END",
    ),
    ("AFTER DELETE", "annotations"): (
        "OLD.comparison_id",
        "CASE WHEN " + DECIDED + " THEN 0 ELSE -OLD.pairs END",
    ),
    ("BEFORE DELETE", "comparisons"): ("OLD.id", "-" + ALL),
}
"""By when and on which table: the comparison, and by how much its pairs change. Where a comparison is deleted, its rankings
follow when it is gone already, and change nothing more."""


def upgrade() -> None:
    op.create_table(
        "training_pairs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("pairs", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_training_pairs"),
    )
    op.create_index("ix_training_pairs_bucket", "training_pairs", ["bucket"])
    op.create_index("ix_ratings_good", "ratings", ["good"])
    edited = sa.text("edit IS NOT NULL")
    op.create_index(
        "ix_rankings_edited", "rankings", ["comparison_id"], sqlite_where=edited, postgresql_where=edited
    )
    # The sum comes from one pass over both tables: a lookup for each comparison would take minutes for millions.
    op.execute(
        f"INSERT INTO training_pairs (bucket, pairs) SELECT {BUCKET}, sum(pairs) FROM ("  # noqa: S608 - no user input
        "SELECT comparison_id, pairs FROM rankings UNION ALL SELECT comparison_id, pairs FROM annotations "
        "WHERE NOT EXISTS (SELECT 1 FROM rankings WHERE rankings.comparison_id = annotations.comparison_id)) AS counted "
        f"JOIN comparisons ON comparisons.id = counted.comparison_id GROUP BY {BUCKET}"
    )
    make = _in_postgresql if op.get_bind().dialect.name == "postgresql" else _in_sqlite
    for number, ((when, table), (name, change)) in enumerate(CHANGES.items()):
        make(f"training_pairs_{number}", when, table, name, change.format(id=name))


def downgrade() -> None:
    for number, (_, table) in enumerate(CHANGES):
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER training_pairs_{number} ON {table}")
            op.execute(f"DROP FUNCTION training_pairs_{number}()")
        else:
            op.execute(f"DROP TRIGGER training_pairs_{number}")
    op.drop_index("ix_rankings_edited", "rankings")
    op.drop_index("ix_ratings_good", "ratings")
    op.drop_table("training_pairs")


def _in_sqlite(trigger: str, when: str, table: str, name: str, change: str) -> None:
    bucket = f"(SELECT {BUCKET} FROM comparisons WHERE id = {name})"  # noqa: S608 - no user input
    op.execute(
        f"CREATE TRIGGER {trigger} {when} ON {table} BEGIN "  # noqa: S608 - no user input
        f"INSERT INTO training_pairs (bucket, pairs) SELECT {bucket}, 0 WHERE {bucket} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM training_pairs WHERE bucket = {bucket}); "
        f"UPDATE training_pairs SET pairs = pairs + ({change}) WHERE bucket = {bucket}; END"
    )


def _in_postgresql(trigger: str, when: str, table: str, name: str, change: str) -> None:
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608 - no user input
        f"INSERT INTO training_pairs (bucket, pairs) SELECT {BUCKET}, {change} FROM comparisons "
        f"WHERE id = {name} AND {change} <> 0; "
        f"RETURN {'OLD' if 'DELETE' in when else 'NEW'}; END $$"
    )
    op.execute(f"CREATE TRIGGER {trigger} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {trigger}()")
