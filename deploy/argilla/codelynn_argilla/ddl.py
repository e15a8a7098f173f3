"""Full-text index over Argilla's own `records` table: FTS5, kept by triggers, so it cannot lag behind.

`codelynn_fts_map` gives each (record, field) a row number, `codelynn_fts` holds the words of that row. Chat fields
count by their messages' contents; image fields are left out (they can be megabytes of base64).
"""

# ruff: noqa: S608  (the names in these statements are the constants below)

MAP = "codelynn_fts_map"
FTS = "codelynn_fts"


def _field_rows(record: str, source: str) -> str:
    """SQL: (id, key, content) for each field of `record`, a row alias of `records`."""
    return f"""
        SELECT {record}.id, j.key, CASE j.type
            WHEN 'text' THEN j.value
            WHEN 'array' THEN (
                SELECT group_concat(CASE m.type WHEN 'object' THEN json_extract(m.value, '$.content') ELSE m.value END,
                                    char(10)) FROM json_each(j.value) m)
            ELSE CAST(j.value AS TEXT) END AS content
        FROM {source} json_each({record}.fields) j
        WHERE j.type <> 'null' AND NOT EXISTS (
            SELECT 1 FROM fields f WHERE f.dataset_id = {record}.dataset_id AND f.name = j.key
                AND json_extract(f.settings, '$.type') = 'image')"""


_NEW = _field_rows("NEW", "")
_ALL = _field_rows("records", "records,")

_ADD = f"""
    INSERT INTO {MAP}(record_id, field) SELECT id, key FROM ({_NEW});
    INSERT INTO {FTS}(rowid, content) SELECT m.id, s.content FROM {MAP} m JOIN ({_NEW}) s ON s.key = m.field
        WHERE m.record_id = NEW.id;"""

_DROP = f"""
    DELETE FROM {FTS} WHERE rowid IN (SELECT id FROM {MAP} WHERE record_id = OLD.id);
    DELETE FROM {MAP} WHERE record_id = OLD.id;"""

TABLES = (
    f"CREATE TABLE IF NOT EXISTS {MAP}(id INTEGER PRIMARY KEY, record_id CHAR(32) NOT NULL, field TEXT NOT NULL)",
    f"CREATE INDEX IF NOT EXISTS {MAP}_record ON {MAP}(record_id)",
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {FTS} USING fts5(content, tokenize = 'unicode61 remove_diacritics 2')",
)

# Dropped first: a newer codeLynn may define them differently.
TRIGGERS = (
    f"DROP TRIGGER IF EXISTS {FTS}_insert",
    f"DROP TRIGGER IF EXISTS {FTS}_update",
    f"DROP TRIGGER IF EXISTS {FTS}_delete",
    f"CREATE TRIGGER {FTS}_insert AFTER INSERT ON records BEGIN {_ADD} END",
    f"""CREATE TRIGGER {FTS}_update AFTER UPDATE OF fields ON records WHEN NEW.fields IS NOT OLD.fields
        BEGIN {_DROP} {_ADD} END""",
    f"CREATE TRIGGER {FTS}_delete AFTER DELETE ON records BEGIN {_DROP} END",
)

# For records that were written while the triggers were not there.
BACKFILL = (
    f"DELETE FROM {FTS} WHERE rowid IN (SELECT id FROM {MAP} WHERE record_id NOT IN (SELECT id FROM records))",
    f"DELETE FROM {MAP} WHERE record_id NOT IN (SELECT id FROM records)",
    f"""INSERT INTO {MAP}(record_id, field) SELECT id, key FROM (
            {_ALL} AND records.id NOT IN (SELECT record_id FROM {MAP}))""",
    f"""INSERT INTO {FTS}(rowid, content) SELECT m.id, s.content FROM ({_ALL}) s
        JOIN {MAP} m ON m.record_id = s.id AND m.field = s.key WHERE m.id NOT IN (SELECT rowid FROM {FTS})""",
)
