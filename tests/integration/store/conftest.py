"""Every test of the store runs on SQLite and on PostgreSQL, each time on a fresh database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from feedback_app.store import Store, migrate, open_store
from feedback_app.store.counters import counters
from feedback_app.store.database import Database, open_database
from feedback_app.store.tables import aliases, metadata
from tests.integration.store.postgres import PostgresServer, binaries, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not installed: no initdb on PATH nor in /usr/lib/postgresql")
    with postgres_server(found) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> Iterator[Database]:
    """One database with all tables: making one for each test would take longer than the tests."""
    url = postgres.url(postgres.create())
    migrate(url)
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "codelynn.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'codelynn.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with all tables."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "codelynn.db")
        yield f"sqlite:///{tmp_path / 'codelynn.db'}"
        return
    database: Database = request.getfixturevalue("migrated_postgres")
    _empty(database)
    yield database.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def _empty(database: Database) -> None:
    """As after the migration: no rows but the first aliases."""
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        connection.execute(delete(counters))  # once more: the triggers have counted what was deleted
        connection.execute(
            insert(aliases), [{"alias": alias, "checkpoint": "base"} for alias in ("latest", "champion")]
        )
