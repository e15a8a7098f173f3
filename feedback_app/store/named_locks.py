"""Named locks across processes and machines. A lock is released when its holder ends, so that locks never expire.

On PostgreSQL it is an advisory lock that lasts as long as the connection; on SQLite it is a lock file next to the database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, text

RETRY_SECONDS = 0.2
TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")


@contextmanager
def named_lock(engine: Engine, name: str, patience: float = 0.0) -> Iterator[bool]:
    """Acquire the lock of that name until the block ends; yields whether it was acquired. Waits at most `patience` seconds."""
    if engine.dialect.name == "postgresql":
        held = _held_in_postgresql(engine, name, patience)
    elif engine.url.database in (None, "", ":memory:"):
        held = _always()  # no other process can open this database
    else:
        held = _held_in_lock_file(Path(engine.url.database), name, patience)
    with held as acquired:
        yield acquired


@contextmanager
def _always() -> Iterator[bool]:
    yield True


@contextmanager
def _held_in_lock_file(database: Path, name: str, patience: float) -> Iterator[bool]:
    lock = FileLock(database.with_name(f"{database.name}.{name}.lock"), timeout=patience, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _held_in_postgresql(engine: Engine, name: str, patience: float) -> Iterator[bool]:
    deadline = time.monotonic() + patience
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # closing it releases the lock, however the block ends
        while not (acquired := bool(connection.execute(TRY_LOCK, {"name": f"codelynn {name}"}).scalar_one())):
            if time.monotonic() >= deadline:
                break
            time.sleep(RETRY_SECONDS)
        yield acquired
