"""What the store promises whatever happens: nothing acknowledged is lost, nothing private is told."""

import subprocess
import sys
import traceback
from dataclasses import replace

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from feedback_app.domain.comparison import ComparisonStatus, Ranking
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.store import Store
from feedback_app.store.comparison_rows import comparison_row
from feedback_app.store.tables import comparisons
from tests.integration.store.examples import FIRST_BEST, shown, together
from tests.paths import PROJECT

SECRET = "my diary"

RANK_AND_WAIT = """
import sys
from feedback_app.domain.comparison import Ranking
from feedback_app.store import open_store

store = open_store(sys.argv[1])
store.comparisons.rank(sys.argv[2], Ranking((("c2",), ("c1",)), note="mine"), ["argilla"])
print("acknowledged", flush=True)
sys.stdin.read()
"""


def test_an_acknowledged_ranking_survives_a_kill(store: Store, url: str) -> None:
    store.comparisons.add(comparison := shown())
    command = [sys.executable, "-c", RANK_AND_WAIT, url, comparison.id]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ranker:
        assert ranker.stdout is not None
        assert ranker.stdout.readline() == "acknowledged\n"
        ranker.kill()
    assert ranker.returncode == -9
    found = store.comparisons.get(comparison.id)
    assert found.status is ComparisonStatus.ranked
    assert found.ranking is not None
    assert (found.ranking.groups, found.ranking.note) == ((("c2",), ("c1",)), "mine")
    assert store.outbox.counts()["pending"] == 1


def test_votes_at_the_same_time_all_count(store: Store) -> None:
    waiting = [shown() for _ in range(16)]
    store.comparisons.add_all(waiting)
    together(
        8,
        lambda i: [store.comparisons.rank(c.id, FIRST_BEST, ["argilla"]) for c in waiting[2 * i : 2 * i + 2]],
    )
    assert store.comparisons.counts()["ranked"] == 16
    assert store.outbox.counts()["pending"] == 16


def test_the_same_vote_at_the_same_time_counts_once(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    verdicts = together(6, lambda _: store.comparisons.rank(comparison.id, FIRST_BEST, ["argilla"]))
    assert len({verdict.ranking.created_at for verdict in verdicts if verdict.ranking}) == 1
    assert store.outbox.counts()["pending"] == 1
    assert store.comparisons.counts()["pairs"] == 1


def test_different_votes_at_the_same_time_leave_one_of_them(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    said = [FIRST_BEST, Ranking((("c2",), ("c1",))), Ranking((("c1", "c2"),))] * 2
    together(6, lambda i: store.comparisons.rank(comparison.id, said[i], ["argilla"]))
    found = store.comparisons.get(comparison.id).ranking
    assert found is not None
    assert any(found.same_ranking(verdict) for verdict in said)
    assert store.outbox.counts()["pending"] == 1


def test_an_error_of_the_database_quotes_no_text(store: Store) -> None:
    """Neither the parameters of the statement nor, on PostgreSQL, the row it refused."""
    conversation = Conversation(SECRET, "lynn", SECRET, (Turn("user", SECRET),))
    store.conversations.add(conversation)
    with pytest.raises(DBAPIError) as twice:
        store.conversations.add(conversation)
    with pytest.raises(DBAPIError) as incomplete, store.database.write() as connection:
        connection.execute(insert(comparisons).values(comparison_row(shown(SECRET)) | {"status": None}))
    for caught in (twice, incomplete):
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_broken_import_quotes_no_text(store: Store) -> None:
    moment = shown().created_at.replace(tzinfo=None)
    with pytest.raises(Exception, match="time zone") as caught:
        store.comparisons.add_all([replace(shown(SECRET), created_at=moment)])
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_sqlite_writes_through_to_the_disk_and_checks_references(store: Store, url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("settings of SQLite")
    with store.database.read() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 30000]


def test_reading_is_not_blocked_by_a_writer(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    with store.database.write() as connection:
        connection.execute(text("UPDATE comparisons SET persona = 'changed'"))
        assert store.comparisons.get(comparison.id) == comparison
    assert store.comparisons.get(comparison.id).persona == "changed"


def test_an_open_database_answers(store: Store) -> None:
    store.ping()
