"""Migrations: they make exactly the tables that the code describes, and can be run by anybody at any time."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from feedback_app.store import DatabaseTooNew, DatabaseUnavailable, migrate, open_store
from feedback_app.store.database import Database, open_database
from feedback_app.store.migration import downgrade
from feedback_app.store.tables import metadata
from tests.integration.store.examples import FIRST_BEST, shown, together


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    migrate(empty_url)
    opened = open_database(empty_url)
    yield opened
    opened.close()


def test_a_migrated_database_is_what_the_code_describes(database: Database) -> None:
    with database.read() as connection:
        options = {"compare_server_default": True, "include_name": described}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def described(name: str | None, *_: object) -> bool:
    """SQLAlchemy cannot describe the trigram index of either database."""
    return not (name or "").startswith(("search_trigrams", "ix_search_entries_body"))


def test_going_back_to_the_beginning_removes_every_table_and_forward_makes_them_again(
    database: Database, empty_url: str
) -> None:
    with database.write() as connection:
        downgrade(connection, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrate(empty_url)
    assert set(metadata.tables) < set(inspect(database.engine).get_table_names())


def test_migrating_again_keeps_what_is_stored(empty_url: str) -> None:
    migrate(empty_url)
    store = open_store(empty_url)
    store.comparisons.add(comparison := shown())
    migrate(empty_url)
    assert store.comparisons.get(comparison.id) == comparison
    store.close()


def test_processes_that_start_together_may_all_migrate(empty_url: str) -> None:
    together(4, lambda _: migrate(empty_url))
    store = open_store(empty_url)
    assert store.checkpoints.aliases() == {"latest": "base", "champion": "base"}
    store.close()


def test_verdicts_from_before_the_leaderboard_read_no_texts_count_on_it_too(
    database: Database, empty_url: str
) -> None:
    store = open_store(empty_url)
    ranked = [shown(str(i), selection="active" if i == 3 else "random") for i in range(4)]
    store.comparisons.add_all(ranked)
    for comparison in ranked[1:]:
        store.comparisons.rank(comparison.id, FIRST_BEST, ())
    store.annotations.put(ranked[0], replace(FIRST_BEST, annotator="anna"))
    before = store.outcomes.counts()
    with database.write() as connection:
        downgrade(connection, "0006")
    migrate(empty_url)
    assert store.outcomes.counts() == before
    assert [count for _, count in before] == [3]
    store.close()


def test_pairs_of_equal_replies_that_an_earlier_version_counted_are_counted_no_longer(
    database: Database, empty_url: str
) -> None:
    store = open_store(empty_url)
    different, equal = shown("different"), shown("equal")
    equal = replace(equal, candidates=tuple(replace(one, text="same") for one in equal.candidates))
    store.comparisons.add_all([different, equal])
    for comparison in (different, equal):
        store.comparisons.rank(comparison.id, FIRST_BEST, ())
    counted = [_pairs(database, comparison.id) for comparison in (equal, different)]
    with database.write() as connection:
        downgrade(connection, "0012")
        connection.execute(text("UPDATE rankings SET pairs = 7"))
    migrate(empty_url)
    assert [_pairs(database, comparison.id) for comparison in (equal, different)] == counted
    assert counted[0] == 0 < counted[1]
    store.close()


def _pairs(database: Database, comparison_id: str) -> int:
    query = text("SELECT pairs FROM rankings WHERE comparison_id = :id")
    with database.read() as connection:
        return int(connection.execute(query, {"id": comparison_id}).scalar_one())


def test_migrating_leaves_logging_and_the_working_folder_alone(
    empty_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    logger = logging.getLogger("somebody")
    before = (list(logging.root.handlers), logging.root.level, logger.disabled)
    migrate(empty_url)
    assert (list(logging.root.handlers), logging.root.level, logger.disabled) == before


def test_a_database_of_a_later_version_is_left_alone(database: Database, empty_url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="update codeLynn"):
        migrate(empty_url)


def test_a_database_that_does_not_answer_is_an_error_of_one_line_without_the_password() -> None:
    url = "postgresql://owner:hunter2@127.0.0.1:1/codelynn"
    store = open_store(url)
    for call in (store.ping, lambda: migrate(url)):
        with pytest.raises(DatabaseUnavailable, match="CODELYNN_DATABASE_URL") as caught:
            call()
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)
    store.close()


def test_a_file_that_is_no_database_is_an_error_of_one_line_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("no database at all " * 100)
    url = f"sqlite:///{file}"
    store = open_store(url)
    for call in (store.ping, lambda: migrate(url)):
        with pytest.raises(DatabaseUnavailable, match=r"notes\.db: file is not a database: check") as caught:
            call()
        assert "\n" not in str(caught.value)
    store.close()


@pytest.mark.parametrize(
    "url", ["mysql://owner:hunter2@127.0.0.1/codelynn", "no address", "", "oracle://127.0.0.1"]
)
def test_an_address_of_another_kind_is_an_error_of_one_line(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r": use sqlite:///PATH or postgresql://") as caught:
        migrate(url)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("These are notes, and a few more words than a database's first bytes.")
    before = file.read_bytes()
    with pytest.raises(DatabaseUnavailable, match="file is not a database"):
        migrate(f"sqlite:///{file}")
    assert file.read_bytes() == before
