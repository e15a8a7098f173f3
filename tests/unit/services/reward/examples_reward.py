"""A reward model's evaluation and manifest to begin with."""

import json
from pathlib import Path
from typing import Any

RECORD: dict[str, Any] = {
    "pairs": 120,
    "heldout_pairs": 40,
    "accuracy": 0.75,
    "accuracy_low": 0.6,
    "accuracy_high": 0.86,
    "ece": 0.031,
    "length_correlation": 0.12,
    "by_margin": [{"low": 0.0, "high": 1.0, "pairs": 40, "accuracy": 0.75}],
    "by_length": [
        {"low": 1.0, "high": 2.0, "pairs": 30, "accuracy": 0.7},
        {"low": 2.0, "high": None, "pairs": 10, "accuracy": 0.9},
        {"low": 9.0, "high": None, "pairs": 0, "accuracy": None},
    ],
    "calibration": [{"confidence": 0.7, "accuracy": 0.75, "pairs": 40}],
}


def shelved(shelf: Path, name: str, day: str, base: str = "", passed: bool = True) -> Path:
    """A reward model's folder with its manifest alone."""
    folder = shelf / name
    folder.mkdir(parents=True)
    manifest = {"base": {"hash": base}, "passed": passed, "created_at": f"{day}T12:00:00+00:00"}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"evaluation": RECORD}))
    return folder
