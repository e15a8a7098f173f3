"""An index for searches. Comparisons that are here already wait in `search_pending`; the service indexes them in the background."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

CHANGES = (
    ("comparisons", "id"),
    ("rankings", "comparison_id"),
    ("annotations", "comparison_id"),
    ("withdrawn", "comparison_id"),
)
"""The tables whose rows a search finds, and their column that names the comparison."""


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()
    op.execute("INSERT INTO search_state (id, removed) VALUES (1, 0)")
    op.execute(
        "INSERT INTO search_pending (comparison_id) SELECT id FROM comparisons ORDER BY created_at, id"
    )


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table, _ in CHANGES:
        for event in ("insert", "update", "delete"):
            on = f" ON {table}" if postgresql else ""
            op.execute(f"DROP TRIGGER IF EXISTS search_{table}_{event}{on}")
    if not postgresql:
        op.execute("DROP TABLE search_trigrams")
    for name in ("search_labels", "search_facets", "search_entries", "search_pending", "search_state"):
        op.drop_table(name)
    if postgresql:
        op.execute("DROP FUNCTION search_note()")


def _create_tables() -> None:
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "comparison_id",
            sa.Text,
            sa.ForeignKey("comparisons.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
        ),
        sa.Column("moment", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_search_entries_moment_id", "search_entries", ["moment", "id"])
    op.create_table(
        "search_facets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("facet", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.UniqueConstraint("facet", "value"),
    )
    op.create_table(
        "search_labels",
        sa.Column(
            "facet_id", sa.Integer, sa.ForeignKey("search_facets.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("moment", sa.BigInteger, nullable=False),
        sa.Column(
            "entry_id", sa.Integer, sa.ForeignKey("search_entries.id", ondelete="CASCADE"), nullable=False
        ),
        sa.PrimaryKeyConstraint("facet_id", "moment", "entry_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_labels_entry_id", "search_labels", ["entry_id"])
    op.create_table(
        "search_pending",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("comparison_id", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("removed", sa.Integer, nullable=False),
    )


def _sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE search_trigrams USING fts5(body, content='search_entries', content_rowid='id', "
        "tokenize='trigram case_sensitive 1', detail=none, columnsize=0)"
    )
    add = "INSERT INTO search_trigrams (rowid, body) VALUES (new.id, new.body);"
    remove = "INSERT INTO search_trigrams (search_trigrams, rowid, body) VALUES ('delete', old.id, old.body);"
    count = "UPDATE search_state SET removed = removed + 1"
    op.execute(f"CREATE TRIGGER search_entries_insert AFTER INSERT ON search_entries BEGIN {add} END")
    op.execute(
        f"CREATE TRIGGER search_entries_delete AFTER DELETE ON search_entries BEGIN {remove} {count}; END"
    )
    op.execute(
        "CREATE TRIGGER search_entries_update AFTER UPDATE OF body ON search_entries WHEN old.body <> new.body "
        f"BEGIN {remove} {add} {count} WHERE instr(new.body, old.body) = 0; END"
    )
    for table, column in CHANGES:
        for event in ("insert", "update", "delete"):
            if (table, event) != ("comparisons", "delete"):  # its entry goes by its foreign key
                op.execute(_sqlite_trigger(table, column, event))


def _sqlite_trigger(table: str, column: str, event: str) -> str:
    """Names come from CHANGES alone. A ranking that is deleted with its comparison changes nothing that is left."""
    changed = f"{'old' if event == 'delete' else 'new'}.{column}"
    alive = f"EXISTS (SELECT 1 FROM comparisons WHERE id = {changed})" if event == "delete" else "true"  # noqa: S608
    return (
        f"CREATE TRIGGER search_{table}_{event} AFTER {event.upper()} ON {table} BEGIN "
        f"INSERT INTO search_pending (comparison_id) SELECT {changed} WHERE {alive} ON CONFLICT DO NOTHING; END"
    )


def _postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION search_note() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE changed text;
        BEGIN
            IF TG_OP = 'DELETE' THEN
                changed := OLD.comparison_id;
                IF NOT EXISTS (SELECT 1 FROM comparisons WHERE id = changed) THEN RETURN NULL; END IF;
            ELSIF TG_TABLE_NAME = 'comparisons' THEN
                changed := NEW.id;
            ELSE
                changed := NEW.comparison_id;
            END IF;
            INSERT INTO search_pending (comparison_id) VALUES (changed) ON CONFLICT DO NOTHING;
            RETURN NULL;
        END $$
        """
    )
    for table, _ in CHANGES:
        for event in ("insert", "update", "delete"):
            if (table, event) != ("comparisons", "delete"):  # its entry goes by its foreign key
                op.execute(
                    f"CREATE TRIGGER search_{table}_{event} AFTER {event.upper()} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION search_note()"
                )
    _postgresql_trigrams()


def _postgresql_trigrams() -> None:
    """Without the right to create the extension, searches for words read more rows; docs/operations/team.md says how to add it."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
            connection.execute(
                sa.text("CREATE INDEX ix_search_entries_body ON search_entries USING gin (body gin_trgm_ops)")
            )
    except sa.exc.DBAPIError:
        return
