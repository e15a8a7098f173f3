"""Preparing the base model once: safetensors and tokenizer, its CTranslate2 conversion, and a manifest that comes last."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from alignment.base_source import BaseModelUnavailable, find_source
from alignment.files import fresh_dir, read_json, write_json

__all__ = ["BaseModel", "BaseModelUnavailable", "is_prepared", "prepare_base"]

MANIFEST = "manifest.json"
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A prepared base model. `ct2_dir` is None where there is no conversion, `hash` is that of its weights."""

    name: str
    slug: str
    hf_dir: Path
    ct2_dir: Path | None
    hash: str = ""


def prepare_base(source: str, models_dir: Path, convert: bool, report: Report) -> BaseModel:
    """The base model that `source` names, prepared in `models_dir/<slug>` unless it is already.

    `report` is told what is being done and how much is done (0 to 1). Two processes may call this at once: one works,
    the other waits. Raises BaseModelUnavailable.
    """
    found = find_source(source)
    folder = models_dir / found.slug
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if not (folder / MANIFEST).exists():
            report(f"Fetching {found.name}", 0.0)
            building = fresh_dir(folder / ".hf.building")
            found.fetch(building)
            _check(building, found.name)
            report(f"Checking {found.name}", 0.5)
            _replace(building, folder / "hf")
            write_json(folder / MANIFEST, _manifest(source, found.name, folder))
        if convert and "conversion" not in read_json(folder / MANIFEST):
            report(f"Converting {found.name} for fast replies", 0.6)
            _add_conversion(folder)
    report(f"{found.name} is ready", 1.0)
    return _prepared(folder, convert)


def is_prepared(source: str, models_dir: Path, convert: bool) -> bool:
    """Whether `prepare_base` would have nothing to do. Raises BaseModelUnavailable for a source that is none."""
    manifest = models_dir / find_source(source).slug / MANIFEST
    return manifest.is_file() and (not convert or "conversion" in read_json(manifest))


def _prepared(folder: Path, convert: bool) -> BaseModel:
    manifest = read_json(folder / MANIFEST)
    converted = convert and manifest.get("conversion") == "int8"
    ct2_dir = folder / "ct2" if converted else None
    return BaseModel(manifest["name"], folder.name, folder / "hf", ct2_dir, manifest["hash"])


def _check(folder: Path, name: str) -> None:
    """Raise BaseModelUnavailable unless this is a chat model that can be talked to."""
    from transformers import AutoTokenizer

    if not (folder / "config.json").is_file():
        raise BaseModelUnavailable(f"{name} has no config.json, so it is not a transformers model")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (ValueError, OSError) as error:
        raise BaseModelUnavailable(f"{name} has no usable tokenizer ({type(error).__name__})") from error
    if not tokenizer.chat_template:
        raise BaseModelUnavailable(f"{name} has no chat template: choose its instruct or chat version")


def _manifest(source: str, name: str, folder: Path) -> dict[str, Any]:
    from alignment.registry import library_versions, weights_hash

    return {
        "name": name,
        "slug": folder.name,
        "source": source,
        "architecture": read_json(folder / "hf" / "config.json").get("architectures", []),
        "hash": weights_hash(folder / "hf"),
        "versions": library_versions(),
        "created_at": datetime.now(UTC).isoformat(),
    }


def _add_conversion(folder: Path) -> None:
    """Convert and note it in the manifest; a model that CTranslate2 does not know is noted as `none`."""
    from alignment.convert import NotConvertible, convert_model
    from alignment.models import load_base, load_tokenizer

    building = folder / ".ct2.building"
    try:
        convert_model(load_base(folder / "hf"), load_tokenizer(folder / "hf"), folder / "hf", building)
        _replace(building, folder / "ct2")
        conversion = "int8"
    except NotConvertible:
        conversion = "none"
    write_json(folder / MANIFEST, {**read_json(folder / MANIFEST), "conversion": conversion})


def _replace(building: Path, target: Path) -> None:
    """Move a finished folder into place; leftovers of an interrupted attempt make way."""
    if target.exists():
        shutil.rmtree(target)
    building.replace(target)
