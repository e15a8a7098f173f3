"""The embedded Argilla: its own Python, and the credentials of its one owner."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from feedback_app.processes.local_files import write_private


@dataclass(frozen=True, slots=True)
class ArgillaLogin:
    """Who owns the embedded Argilla. `file` holds the password; `fresh_password` is it where it was made just now."""

    username: str
    api_key: str
    file: Path
    fresh_password: str = field(default="", repr=False)


def login(file: Path, workspace: str) -> ArgillaLogin:
    """The credentials kept in that file; made once, readable by its owner only."""
    known = file.exists()
    kept = json.loads(file.read_text(encoding="utf-8")) if known else _fresh()
    if kept.get("workspace") != workspace:
        kept["workspace"] = workspace
        write_private(file, json.dumps(kept, indent=1) + "\n")
    fresh = "" if known else kept["password"]
    return ArgillaLogin(kept["username"], kept["api_key"], file, fresh)


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
