"""The embedded Argilla: its Python environment and the credentials of its owner."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from feedback_app.processes.local_files import write_private


@dataclass(frozen=True, slots=True)
class ArgillaLogin:
    """The owner of the embedded Argilla. `file` holds the password; `fresh_password` is set if it was just created."""

    username: str
    api_key: str
    file: Path
    fresh_password: str = field(default="", repr=False)


def login(file: Path, workspace: str) -> ArgillaLogin:
    """The credentials in that file. They are created at first use and readable by their owner only."""
    existed = file.exists()
    stored = json.loads(file.read_text(encoding="utf-8")) if existed else _new_credentials()
    if stored.get("workspace") != workspace:
        stored["workspace"] = workspace
        write_private(file, json.dumps(stored, indent=1) + "\n")
    fresh = "" if existed else stored["password"]
    return ArgillaLogin(stored["username"], stored["api_key"], file, fresh)


def _new_credentials() -> dict[str, str]:
    return {
        "username": "owner",
        "password": secrets.token_urlsafe(12),
        "api_key": secrets.token_urlsafe(32),
    }


def find_python(project: Path) -> Path | None:
    """The Python of Argilla's environment, if it is installed."""
    python = project / ".venv-argilla" / "bin" / "python"
    return python if python.exists() else None
