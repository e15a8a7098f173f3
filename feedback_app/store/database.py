"""The connection to SQLite or PostgreSQL: one engine, short transactions, and no text in error messages."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from feedback_app.domain.json_rules import stored
from feedback_app.errors import Unavailable

BUSY_SECONDS = 30
POSTGRESQL_TIMEOUTS = {"connect_timeout": 10, "tcp_user_timeout": 15_000}
"""Seconds and milliseconds. A network that drops every packet must raise an error instead of blocking forever."""
KINDS = "use sqlite:///PATH or postgresql://NAME:PASSWORD@HOST/DATABASE"
WAL_ATTEMPTS = 20
WRITING = "codelynn_writing"
BATCH = 500
ENCODER = json.JSONEncoder(allow_nan=False)
Stored = Callable[[int], None]
"""Progress callback: called with the number of records stored so far. An exception from it rolls all of them back."""


def unheard(stored: int) -> None:
    """Ignore the progress."""


class DatabaseUnavailable(Unavailable, RuntimeError):
    """The database does not answer. The message says what to check."""


@dataclass(frozen=True, slots=True)
class Database:
    """Short transactions on one engine."""

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view, never blocked by a writer."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end or is rolled back. On SQLite it holds the write lock from its first
        statement, so that what it has read cannot change before it writes."""
        with self.engine.connect().execution_options(**{WRITING: True}) as connection, connection.begin():
            yield connection

    def ping(self) -> None:
        """Raises DatabaseUnavailable."""
        try:
            with self.read() as connection:
                connection.execute(text("SELECT 1"))
        except DatabaseError as error:
            raise unavailable(self.engine.url, error) from error

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database by its SQLAlchemy address; connects at first use. `postgresql://` means psycopg 3. The folder of a
    SQLite file is created. Raises DatabaseUnavailable for any other kind of address."""
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return Database(_sqlite_engine(address))
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        json_serializer=to_json,
        json_deserializer=stored,
        connect_args=POSTGRESQL_TIMEOUTS,
    )
    event.listen(engine, "handle_error", _without_detail)
    return Database(engine)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseUnavailable(f"CODELYNN_DATABASE_URL is not a database address: {KINDS}") from None
    if address.get_backend_name() not in ("sqlite", "postgres", "postgresql"):
        raise DatabaseUnavailable(f"{address.drivername} is not a database that codeLynn can use: {KINDS}")
    return address


def unavailable(url: URL, error: DatabaseError) -> DatabaseUnavailable:
    """The error for an address that does not answer or a file that is not a database, without the password. Errors in a
    statement are raised unchanged."""
    if not (isinstance(error, OperationalError) or type(error) is DatabaseError):
        raise error
    if url.get_backend_name() == "sqlite":
        return DatabaseUnavailable(
            f"{url.database}: {error.orig}: check the file, its permissions and the disk"
        )
    return DatabaseUnavailable(
        f"the database {url.render_as_string(hide_password=True)} does not answer: "
        "check that it runs and that CODELYNN_DATABASE_URL is right"
    )


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]], returning: str) -> list[Any]:
    """Insert the rows that violate no key. Returns the column `returning` of the inserted rows."""
    if not rows:
        return []
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).on_conflict_do_nothing().returning(table.c[returning])
    return list(connection.execute(statement, rows).scalars())


def to_json(value: Any) -> str:
    """JSON that both databases accept: NaN and infinities become null."""
    try:
        return ENCODER.encode(value)
    except ValueError:
        return ENCODER.encode(_finite(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _without_detail(context: ExceptionContext) -> None:
    """Cut an error of PostgreSQL to its first line: its DETAIL can quote the refused row, prompt and all."""
    import psycopg  # here: SQLite does without it

    error = context.original_exception
    if isinstance(error, psycopg.Error) and (primary := error.diag.message_primary):
        error.args = (primary,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(error).__name__}) {primary}",)


def _sqlite_engine(address: URL) -> Engine:
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address,
        hide_parameters=True,
        json_serializer=to_json,
        json_deserializer=stored,
        connect_args={"timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """`synchronous=FULL`: committed data survives a power failure."""
    connection.isolation_level = None  # BEGIN is sent explicitly, see _begin_sqlite
    connection.text_factory = _text_of
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}").close()
    _switch_to_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _text_of(raw: bytes) -> str:
    """Decode stored text. Bytes that are not UTF-8 are replaced instead of raising an error."""
    return raw.decode("utf-8", "replace")


def _switch_to_wal(connection: Any) -> None:
    """Switch the file to write-ahead logging; it stays switched. If two connections open a new file at once, SQLite
    refuses one of them immediately. That one waits for the write lock instead, and then finds the file switched."""
    for attempt in range(WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError:
            if attempt == WAL_ATTEMPTS - 1:
                raise
            connection.execute("BEGIN IMMEDIATE").close()
            connection.execute("ROLLBACK").close()


def _begin_sqlite(connection: Connection) -> None:
    """A writing transaction takes the lock at once, because upgrading a read lock later can fail without waiting."""
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
