"""The server's folder, its lock, and the environment that Argilla reads while it is imported."""

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

ENGINE = "codelynn"


class HomeInUse(RuntimeError):
    """Another server runs in this folder."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder; `lock` is held for as long as this object (the kernel frees it with the process)."""

    path: Path
    lock: TextIOWrapper

    @property
    def database(self) -> Path:
        return self.path / "argilla.db"


def enter_home(path: Path, host: str, port: int) -> Home:
    """Make and lock the folder and set Argilla's environment. Raises HomeInUse."""
    path = path.expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = Home(path, _locked(path / "server.lock"))
    _set_environment(home, host, port)
    _own_temporary_folder(path / "tmp")
    return home


def _locked(file: Path) -> TextIOWrapper:
    lock = file.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise HomeInUse(
            f"another server already runs in {file.parent}: stop it or choose another home"
        ) from None
    return lock


def _set_environment(home: Home, host: str, port: int) -> None:
    """Only our own settings count: an inherited ARGILLA_DATABASE_URL must not redirect an embedded server."""
    for name in [name for name in os.environ if name.startswith("ARGILLA_")]:
        del os.environ[name]
    os.environ |= {
        "ARGILLA_HOME_PATH": str(home.path),
        "ARGILLA_DATABASE_URL": f"sqlite+aiosqlite:///{home.database}?check_same_thread=False",
        "ARGILLA_DATABASE_SQLITE_TIMEOUT": "30",
        "ARGILLA_SEARCH_ENGINE": ENGINE,
        "ARGILLA_CORS_ORIGINS": json.dumps(_origins(host, port)),
        "ARGILLA_AUTH_SECRET_KEY": _secret(home.path / "auth.secret"),
        "ARGILLA_AUTH_OAUTH_CFG": str(
            home.path / "oauth.yaml"
        ),  # its default is looked up in the current folder
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
    }


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
