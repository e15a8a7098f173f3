"""The search index beside Argilla's tables: whoever writes, and however it ends, it holds what the records hold."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from codelynn_argilla.index import ensure_index, is_defined, is_right
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.waiting import until

SCHEMA = """
CREATE TABLE fields(dataset_id CHAR(32), name TEXT, settings JSON);
CREATE TABLE records(id CHAR(32) PRIMARY KEY, dataset_id CHAR(32), fields JSON,
    inserted_at DATETIME, status TEXT);
INSERT INTO fields VALUES ('d', 'picture', '{"type": "image"}'), ('d', 'text', '{"type": "text"}');
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "argilla.db"
    with sqlite3.connect(file) as made:
        made.executescript(SCHEMA)
    made.close()
    ensure_index(file)
    return file


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    """A foreign program's: it knows nothing of our index."""
    opened = sqlite3.connect(database)
    yield opened
    opened.close()


def put(connection: sqlite3.Connection, key: str, **fields: object) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO records(id, dataset_id, fields) VALUES (?, 'd', ?)", (key, json.dumps(fields))
    )


def contents(connection: sqlite3.Connection, table: str = "codelynn_fts") -> set[tuple[str, str, str]]:
    query = f"SELECT m.record_id, m.field, t.content FROM {table} t JOIN codelynn_fts_map m ON m.id = t.rowid"
    return set(connection.execute(query))


def test_it_holds_texts_and_messages_but_no_pictures(connection: sqlite3.Connection) -> None:
    chat = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
    put(connection, "a", text="a newt", chat=chat, picture="data:...", none=None)
    assert contents(connection) == {("a", "text", "a newt"), ("a", "chat", "hi\nho")}


def test_only_texts_without_spaces_are_cut_to_pieces(connection: sqlite3.Connection) -> None:
    put(connection, "a", text="a newt")
    put(connection, "b", text="我喜欢猫")
    assert contents(connection, "codelynn_fts_pieces") == {("b", "text", "我喜欢猫")}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["replace", "update", "delete", "move", "undo"]),
        st.sampled_from("abc"),
        st.sampled_from(["newt", "猫と犬", "", "café"]),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(STEPS)
def test_any_writes_of_another_program_are_in_it(
    connection: sqlite3.Connection, steps: list[tuple[str, str, str]]
) -> None:
    for kind, key, text in steps:
        apply(connection, kind, key, text)
    connection.commit()
    assert is_right(connection)


def apply(connection: sqlite3.Connection, kind: str, key: str, text: str) -> None:
    if kind == "replace":
        put(connection, key, text=text)
    elif kind == "update":
        connection.execute("UPDATE records SET fields = ? WHERE id = ?", (json.dumps({"new": text}), key))
    elif kind == "delete":
        connection.execute("DELETE FROM records WHERE id = ?", (key,))
    elif kind == "move":
        connection.execute("UPDATE OR REPLACE records SET id = ? WHERE id = 'a'", (key,))
    else:
        connection.rollback()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM codelynn_fts_map",
        "DELETE FROM codelynn_fts",
        "DELETE FROM codelynn_fts_pieces",
        "DELETE FROM codelynn_fts_data WHERE id > 10",
        "UPDATE codelynn_fts_content SET c0 = 'other'",
        "UPDATE codelynn_fts_map SET field = 'other'",
        "INSERT INTO codelynn_fts(content) VALUES ('of no record')",
        "DROP TRIGGER codelynn_fts_insert",
        "DROP INDEX codelynn_fts_map_record",
        "CREATE TABLE codelynn_of_another_version(x)",
    ],
)
def test_damage_is_seen_at_the_next_start_and_mended(
    database: Path, connection: sqlite3.Connection, damage: str
) -> None:
    put(connection, "a", text="a newt and 一只猫")
    connection.commit()
    before = contents(connection)
    connection.execute(damage)
    connection.commit()
    assert ensure_index(database)
    assert contents(connection) == before == contents(connection, "codelynn_fts_pieces")
    assert is_defined(connection)
    assert not ensure_index(database)


def test_records_written_before_there_was_an_index_are_in_it(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as old:
        old.executescript(SCHEMA)
        put(old, "a", text="a newt")
    assert ensure_index(file)
    assert contents(old) == {("a", "text", "a newt")}
    old.close()


WRITER = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
for number in range(1_000_000):
    key, fields = str(number % 50), json.dumps({"text": f"newt 猫猫 {number}"})
    connection.execute("INSERT OR REPLACE INTO records(id, dataset_id, fields) VALUES (?, 'd', ?)", (key, fields))
    if number % 7 == 0:
        connection.commit()
"""


def test_a_writer_killed_at_any_moment_leaves_the_index_right(
    database: Path, connection: sqlite3.Connection
) -> None:
    for _ in range(5):
        written_before = count_of_commits(connection)
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(database)])
        until(lambda: count_of_commits(connection) != written_before, every=0.003)  # noqa: B023
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert is_right(connection)
        connection.commit()
    assert contents(connection)


def count_of_commits(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
