"""Stored measurements of models that do not change (the base model, published checkpoints), so that no round repeats them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from alignment.contract.files import read_json, write_json


def remembered(
    folder: Path, key: Mapping[str, Any], compute: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """The stored numbers of `key`, computed if there are none. `key` must name everything that they depend on, by hash."""
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    path = folder / f"{digest[:32]}.json"
    if path.is_file():
        return dict(read_json(path))
    numbers = compute()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, numbers)
    return numbers
