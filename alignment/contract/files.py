"""Reading and writing files. Files are replaced in one step, so that nobody ever reads an incomplete one."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
"""It is written last, so a folder that has one is complete."""


def write_json(path: Path, content: Any) -> None:
    """Replace `path` in one step by `content` as JSON."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises OSError, json.JSONDecodeError."""
    return json.loads(path.read_text(encoding="utf-8"))


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fresh_dir(path: Path) -> Path:
    """Make `path` an empty folder, removing what was there."""
    if path.exists():
        shutil.rmtree(path)
    path.mkdir(parents=True)
    return path


def finite(value: float) -> float | None:
    """The number; None for NaN and infinity, which JSON does not have."""
    return value if abs(value) < float("inf") else None
