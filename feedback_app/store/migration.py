"""Bring a database to the tables of this version. Needs no ini file and leaves logging as it is."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from feedback_app.store.database import open_database, unavailable

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x636F64654C796E6E  # "codeLynn": keeps two processes that start together from migrating at once


class DatabaseTooNew(RuntimeError):
    """The database was written by a later version; the message says what to do."""


def migrate(url: str) -> None:
    """Make or upgrade all tables, in one transaction. Raises DatabaseUnavailable, DatabaseTooNew."""
    database = open_database(url)
    try:
        with database.write() as connection:
            _lock(connection)
            upgrade(connection)
    except OperationalError as error:
        raise unavailable(database.engine.url) from error
    except CommandError as error:
        raise DatabaseTooNew(
            "the database was written by a newer codeLynn: update codeLynn, or go back to a backup"
        ) from error
    finally:
        database.close()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade inside the caller's transaction."""
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Go back to a revision (`base`: no tables), inside the caller's transaction."""
    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
