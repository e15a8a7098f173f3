"""Migrates a database to the tables of this version, without an ini file and without changing the logging setup."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from feedback_app.errors import AppError
from feedback_app.store.database import open_database, unavailable

if (
    TYPE_CHECKING
):  # Alembic is imported when tables are migrated: a service on an existing database does not need it
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x636F64654C796E6E  # "codeLynn": keeps two processes that start together from migrating at once


class DatabaseTooNew(AppError, RuntimeError):
    """The database was written by a newer version. The message says what to do."""


def migrate(url: str) -> None:
    """Create or upgrade all tables in one transaction. Raises DatabaseUnavailable, DatabaseTooNew."""
    from alembic.util import CommandError

    database = open_database(url)
    try:
        with database.write() as connection:
            _lock(connection)
            upgrade(connection)
    except DatabaseError as error:
        raise unavailable(database.engine.url, error) from error
    except CommandError as error:
        raise DatabaseTooNew(
            "the database was written by a newer codeLynn: update codeLynn, or go back to a backup"
        ) from error
    finally:
        database.close()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade inside the caller's transaction."""
    from alembic import command

    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Downgrade to a revision (`base`: no tables) inside the caller's transaction."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
