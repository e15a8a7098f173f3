"""One at a time across processes and machines: what holds a turn frees it at its death, so that nothing has to expire.

PostgreSQL keeps an advisory lock for as long as the connection lives; beside a SQLite file lies a file that is locked.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, text

LOOK_AGAIN = 0.2
TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")


@contextmanager
def turn(engine: Engine, name: str, patience: float = 0.0) -> Iterator[bool]:
    """Whether the turn of that name is ours until the block ends; waits at most `patience` seconds for it."""
    if engine.dialect.name == "postgresql":
        held = _held_in_postgresql(engine, name, patience)
    elif engine.url.database in (None, "", ":memory:"):
        held = _always()  # a database that no other process can open
    else:
        held = _held_beside(Path(engine.url.database), name, patience)
    with held as ours:
        yield ours


@contextmanager
def _always() -> Iterator[bool]:
    yield True


@contextmanager
def _held_beside(database: Path, name: str, patience: float) -> Iterator[bool]:
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
        connection.detach()  # closed at the end, which frees the lock however the block ends
        while not (ours := bool(connection.execute(TRY_LOCK, {"name": f"codelynn {name}"}).scalar_one())):
            if time.monotonic() >= deadline:
                break
            time.sleep(LOOK_AGAIN)
        yield ours
