"""The index is what its definition says, and holds what the records hold: checked at each start, else made anew."""

# ruff: noqa: S608  (the names in these statements are constants of ddl.py)

import sqlite3
from pathlib import Path

from codelynn_argilla.ddl import ALL_ROWS, FILL, FTS, MAP, OBJECTS, PIECES, has_pieces

# Each row that should be there is looked up once; if none is missing, equal counts mean that there are no others.
_MISSING = (
    f"""SELECT 1 FROM ({ALL_ROWS}) r LEFT JOIN {MAP} m ON m.record_id = r.id AND m.field = r.key
        LEFT JOIN {FTS} s ON s.rowid = m.id WHERE m.id IS NULL OR s.rowid IS NULL OR s.content IS NOT r.content""",
    f"""SELECT 1 FROM {FTS} s LEFT JOIN {PIECES} p ON p.rowid = s.rowid
        WHERE {has_pieces("s")} AND p.content IS NOT s.content""",
)
_COUNTS = (
    (f"SELECT count(*) FROM ({ALL_ROWS})", f"SELECT count(*) FROM {MAP}"),
    (f"SELECT count(*) FROM {MAP}", f"SELECT count(*) FROM {FTS}"),
    (f"SELECT count(*) FROM {FTS} s WHERE {has_pieces('s')}", f"SELECT count(*) FROM {PIECES}"),
)


def ensure_index(database: Path) -> bool:
    """Make the index if it is missing, older or wrong, in one transaction; whether it had to be made."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        made = not (is_defined(connection) and is_right(connection))
        if made:
            rebuild(connection)
        connection.execute("COMMIT")
        return made
    finally:
        connection.close()


def is_defined(connection: sqlite3.Connection) -> bool:
    """Whether the database holds these very definitions. A migration that remakes `records` loses its triggers."""
    return _definitions(connection) == OBJECTS


def is_right(connection: sqlite3.Connection) -> bool:
    """Whether the index holds each field of each record and nothing else."""
    try:
        if any(connection.execute(f"{query} LIMIT 1").fetchone() for query in _MISSING):
            return False
        if any(connection.execute(f"SELECT ({one}) <> ({other})").fetchone()[0] for one, other in _COUNTS):
            return False
        for table in (FTS, PIECES):  # the words against the texts that are stored with them
            connection.execute(f"INSERT INTO {table}({table}) VALUES ('integrity-check')")
    except sqlite3.DatabaseError:
        return False
    return True


def rebuild(connection: sqlite3.Connection) -> None:
    """Drop whatever is ours and make it from the records. The caller commits."""
    for kind in ("trigger", "index", "table"):
        for name in _names(connection, kind):
            connection.execute(f"DROP {kind} IF EXISTS {name}")  # shadow tables go with their virtual table
    for statement in (*OBJECTS.values(), *FILL):
        connection.execute(statement)


def _definitions(connection: sqlite3.Connection) -> dict[str, str]:
    """Our objects under their names, without the shadow tables that a virtual table brings along."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name GLOB 'codelynn_*' AND sql NOT NULL"
    )
    return {name: sql for name, sql in rows if not _is_shadow(name)}


def _names(connection: sqlite3.Connection, kind: str) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = ? AND name GLOB 'codelynn_*' AND sql NOT NULL"
    return [name for (name,) in connection.execute(query, (kind,)) if not _is_shadow(name)]


def _is_shadow(name: str) -> bool:
    parts = ("data", "idx", "content", "docsize", "config")
    return any(name == f"{table}_{part}" for table in (FTS, PIECES) for part in parts)
