"""The embedded Argilla: its own Python, and the credentials of its one owner."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from feedback_app.up.local import write_private


@dataclass(frozen=True, slots=True)
class ArgillaLogin:
    """Who owns the embedded Argilla. `file` holds the password."""

    username: str
    api_key: str
    file: Path


def login(file: Path, workspace: str) -> ArgillaLogin:
    """The credentials kept in that file; made once, readable by its owner only."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else _fresh()
    if kept.get("workspace") != workspace:
        kept["workspace"] = workspace
        write_private(file, json.dumps(kept, indent=1) + "\n")
    return ArgillaLogin(username=kept["username"], api_key=kept["api_key"], file=file)


def _fresh() -> dict[str, str]:
    return {
        "username": "owner",
        "password": secrets.token_urlsafe(12),
        "api_key": secrets.token_urlsafe(32),
    }


def find_python(project: Path) -> Path | None:
    """The Python of Argilla's own environment, if it was installed."""
    python = project / ".venv-argilla" / "bin" / "python"
    return python if python.exists() else None
