"""A real PostgreSQL for tests: its own data folder and unix socket, gone when the tests end."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

# Durability of the server itself is not under test: without fsync a test's database is made in milliseconds.
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_wal_size=64MB"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    socket_folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.socket_folder}"

    def create(self) -> str:
        """The name of a new, empty database."""
        name = f"test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        return name

    def drop(self, database: str) -> None:
        self._execute(f"DROP DATABASE {database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: the one on PATH, or Debian's newest."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def postgres_server(folder_of_binaries: Path) -> Iterator[PostgresServer]:
    """A running server. PostgreSQL refuses to run as root: there it runs as another user."""
    with tempfile.TemporaryDirectory(prefix="codelynn-pg-", ignore_cleanup_errors=True) as made:
        folder, user = Path(made), _server_user()
        if user is not None:
            os.chown(folder, user, -1)
        data, log = folder / "data", folder / "log"
        tool = folder_of_binaries / "pg_ctl"
        _run(
            [folder_of_binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
            folder,
            user,
        )
        options = f"-k {folder} -c listen_addresses='' {FAST}"
        _run([tool, "start", "-w", "-D", data, "-l", log, "-o", options], folder, user)
        try:
            yield PostgresServer(folder)
        finally:
            _run([tool, "stop", "-m", "immediate", "-D", data], folder, user)


def _server_user() -> int | None:
    if os.getuid() != 0:
        return None
    known = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return known.get("postgres", known["nobody"])


def _run(command: list[str | Path], folder: Path, user: int | None) -> None:
    done = subprocess.run(
        command, cwd=folder, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
