"""The server's folder, its lock, and the environment that Argilla reads while it is imported."""

import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

ENGINE = "codelynn"
DATABASE = "argilla.db"
REDIS_VARIABLE = "CODELYNN_ARGILLA_REDIS_URL"


class HomeInUse(RuntimeError):
    """Another server runs in this folder."""


class BadRedisUrl(ValueError):
    """No address of a Redis."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder; `lock` is held for as long as this object (the kernel frees it with the process)."""

    path: Path
    lock: FileLock

    @property
    def database(self) -> Path:
        return self.path / DATABASE


def enter_home(path: Path, host: str, port: int) -> Home:
    """Make and lock the folder and set Argilla's environment. Raises HomeInUse."""
    path = path.expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = Home(path, _locked(path / "server.lock"))
    _set_environment(home.database, _origins(host, port))
    _own_temporary_folder(path / "tmp")
    return home


def share_home(path: Path) -> None:
    """Set Argilla's environment for a worker beside the server that holds the folder's lock."""
    path = path.expanduser().resolve()
    _set_environment(path / DATABASE, [])
    _own_temporary_folder(path / "tmp-worker")


def redis_url() -> str | None:
    """Where Argilla's jobs are queued; None if they run inside the server. Raises BadRedisUrl.

    It is never an argument: it has a password in it, and arguments are for everyone to see.
    """
    url = os.environ.get(REDIS_VARIABLE)
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadRedisUrl(f"{REDIS_VARIABLE} must begin with redis://, rediss:// or unix://")
    return url or None


def _locked(file: Path) -> FileLock:
    lock = FileLock(file, mode=0o600)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise HomeInUse(
            f"another server already runs in {file.parent}: stop it or choose another home"
        ) from None
    return lock


def _set_environment(database: Path, origins: list[str]) -> None:
    """Only our own settings count: an inherited ARGILLA_DATABASE_URL must not redirect an embedded server."""
    for name in [name for name in os.environ if name.startswith("ARGILLA_")]:
        del os.environ[name]
    os.environ |= {
        "ARGILLA_HOME_PATH": str(database.parent),
        "ARGILLA_DATABASE_URL": f"sqlite+aiosqlite:///{database}?check_same_thread=False",
        "ARGILLA_DATABASE_SQLITE_TIMEOUT": "30",
        "ARGILLA_SEARCH_ENGINE": ENGINE,
        "ARGILLA_CORS_ORIGINS": json.dumps(origins),
        "ARGILLA_AUTH_SECRET_KEY": _secret(database.parent / "auth.secret"),
        "ARGILLA_AUTH_OAUTH_CFG": str(
            database.parent / "oauth.yaml"
        ),  # its default is looked up in the current folder
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
    }
    if url := redis_url():
        os.environ["ARGILLA_REDIS_URL"] = url


def _origins(host: str, port: int) -> list[str]:
    return [f"http://{name}:{port}" for name in dict.fromkeys((host, "127.0.0.1", "localhost"))]


def _secret(file: Path) -> str:
    """The key that signs sessions. Argilla draws a new one per process, which would end every session."""
    if not file.exists():
        draft = file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(32))
        draft.replace(file)
    return file.read_text("ascii")


def _own_temporary_folder(path: Path) -> None:
    """Argilla copies its 14 MB web pages to a temporary folder at each import and leaves them there."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    tempfile.tempdir = str(path)
