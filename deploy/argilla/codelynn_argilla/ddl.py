"""Our tables beside Argilla's, kept by triggers: in the transaction that writes a record, whoever writes it.

`codelynn_fts_map` gives each (record, field) a row number, `codelynn_fts` holds the words of that row, and
`codelynn_fts_pieces` the pieces of its text if it has any script without spaces. Chat fields count by their messages'
contents; image fields are left out (they can be megabytes of base64).
"""

# ruff: noqa: S608  (the names in these statements are the constants below)

from codelynn_argilla.scripts import SET

MAP = "codelynn_fts_map"
FTS = "codelynn_fts"
PIECES = "codelynn_fts_pieces"


def field_rows(record: str, source: str) -> str:
    """SQL: (id, key, content) for each field of `record`, a row alias of `records`."""
    return f"""
        SELECT {record}.id AS id, j.key AS key, CASE j.type
            WHEN 'text' THEN j.value
            WHEN 'array' THEN (
                SELECT group_concat(CASE m.type WHEN 'object' THEN json_extract(m.value, '$.content') ELSE m.value END,
                                    char(10)) FROM json_each(j.value) m)
            ELSE CAST(j.value AS TEXT) END AS content
        FROM {source} json_each({record}.fields) j
        WHERE j.type <> 'null' AND NOT EXISTS (
            SELECT 1 FROM fields f WHERE f.dataset_id = {record}.dataset_id AND f.name = j.key
                AND json_extract(f.settings, '$.type') = 'image')"""


ALL_ROWS = field_rows("records", "records,")
_NEW_ROWS = field_rows("NEW", "")


def has_pieces(row: str) -> str:
    """SQL: whether the content of `row` has such a script. Lengths come first: ASCII, the most of it, ends there."""
    text = f"{row}.content"
    return f"CASE WHEN length({text}) < length(CAST({text} AS BLOB)) THEN {text} GLOB '*{SET}*' ELSE 0 END"


def _drop(record: str) -> str:
    rows = f"(SELECT id FROM {MAP} WHERE record_id = {record}.id)"
    return f"""
    DELETE FROM {FTS} WHERE rowid IN {rows};
    DELETE FROM {PIECES} WHERE rowid IN {rows};
    DELETE FROM {MAP} WHERE record_id = {record}.id;"""


_ADD = f"""
    INSERT INTO {MAP}(record_id, field) SELECT id, key FROM ({_NEW_ROWS});
    INSERT INTO {FTS}(rowid, content) SELECT m.id, s.content FROM {MAP} m JOIN ({_NEW_ROWS}) s ON s.key = m.field
        WHERE m.record_id = NEW.id;
    INSERT INTO {PIECES}(rowid, content) SELECT m.id, s.content FROM {MAP} m JOIN ({_NEW_ROWS}) s ON s.key = m.field
        WHERE m.record_id = NEW.id AND {has_pieces("s")};"""


# What the database must hold, statement by statement under its name: the definition's version is its own text.
OBJECTS = {
    MAP: f"CREATE TABLE {MAP}(id INTEGER PRIMARY KEY, record_id CHAR(32) NOT NULL, field TEXT NOT NULL)",
    f"{MAP}_record": f"CREATE UNIQUE INDEX {MAP}_record ON {MAP}(record_id, field)",
    # Marks (category M) belong to words: without them the vowel signs of Hindi would cut words apart.
    FTS: f"""CREATE VIRTUAL TABLE {FTS} USING fts5(
        content, tokenize = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'")""",
    PIECES: f"CREATE VIRTUAL TABLE {PIECES} USING fts5(content, tokenize = 'trigram')",
    # For Argilla's own tables: the order of an unsorted page, and the counts of progress.
    "codelynn_records_age": "CREATE INDEX codelynn_records_age ON records(dataset_id, inserted_at, id)",
    "codelynn_records_status": "CREATE INDEX codelynn_records_status ON records(dataset_id, status)",
    # What is written is dropped first: INSERT OR REPLACE deletes a row without a word to its triggers.
    f"{FTS}_insert": f"CREATE TRIGGER {FTS}_insert AFTER INSERT ON records BEGIN {_drop('NEW')} {_ADD} END",
    f"{FTS}_update": f"""CREATE TRIGGER {FTS}_update AFTER UPDATE OF id, dataset_id, fields ON records
        WHEN (NEW.id, NEW.dataset_id, NEW.fields) IS NOT (OLD.id, OLD.dataset_id, OLD.fields)
        BEGIN {_drop("OLD")} {_drop("NEW")} {_ADD} END""",
    f"{FTS}_delete": f"CREATE TRIGGER {FTS}_delete AFTER DELETE ON records BEGIN {_drop('OLD')} END",
}

FILL = (
    f"INSERT INTO {MAP}(record_id, field) SELECT id, key FROM ({ALL_ROWS})",
    f"""INSERT INTO {FTS}(rowid, content) SELECT m.id, s.content FROM ({ALL_ROWS}) s
        JOIN {MAP} m ON m.record_id = s.id AND m.field = s.key""",
    f"INSERT INTO {PIECES}(rowid, content) SELECT rowid, content FROM {FTS} s WHERE {has_pieces('s')}",
)
