"""Prepares the base model once: safetensors and tokenizer, the CTranslate2 conversion, and a manifest, which is written last."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from alignment.contract.files import MANIFEST, fresh_dir, read_json, write_json
from alignment.contract.manifests.base import (
    BaseManifest,
    Conversion,
    read_base_manifest,
    write_base_manifest,
)
from alignment.models.base_normalise import settle
from alignment.models.base_refused import BaseModelUnavailable
from alignment.models.base_source import Source, find_source

__all__ = ["BaseModel", "BaseModelUnavailable", "is_prepared", "prepare_base", "ready_files"]

Report = Callable[[str, float], None]
Answers = Callable[[Path, Path | None], str]
"""Lets an engine answer with a model, given the folders for transformers and, if that is served, for CTranslate2. Returns why it cannot, in
one line, or nothing."""


def unasked(hf_dir: Path, ct2_dir: Path | None) -> str:
    """For callers without an engine: the model is not asked."""
    return ""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A prepared base model. `ct2_dir` is None where there is no conversion, `hash` is that of its weights."""

    name: str
    slug: str
    hf_dir: Path
    ct2_dir: Path | None
    hash: str = ""


def prepare_base(
    source: str, models_dir: Path, convert: bool, report: Report, answers: Answers = unasked
) -> BaseModel:
    """The base model that `source` names, prepared in `models_dir/<slug>` unless it is already.

    `report` receives the current step and the share that is done (0 to 1). `answers` lets the engine that will serve the files
    write a reply. Two processes may call this at once: one works, the other waits. A refused model leaves only the reason
    behind, and a second call raises it at once. Raises BaseModelUnavailable.
    """
    origin = find_source(source)
    folder = models_dir / origin.slug
    models_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(models_dir / f".{origin.slug}.lock"):
        if not (folder / MANIFEST).exists():
            with _refusals(origin, models_dir):
                _prepare(origin, source, folder, report)
        wanted = convert and read_base_manifest(folder).conversion != "none"
        if wanted and not (folder / "ct2").is_dir():
            report(f"Converting {origin.name} for fast replies", 0.6)
            with _refusals(origin, models_dir):
                _add_conversion(folder, origin.name)
        if not _answered(
            folder, convert
        ):  # else a start would import torch only to find that nothing is to be done
            with _refusals(origin, models_dir):
                _ask(folder, convert, origin.name, report, answers)
    report(f"{origin.name} is ready", 1.0)
    return _prepared(folder, convert)


def is_prepared(source: str, models_dir: Path, convert: bool) -> bool:
    """Whether `prepare_base` would have nothing to do. Raises BaseModelUnavailable for an invalid source."""
    folder = models_dir / find_source(source).slug
    if not (folder / MANIFEST).is_file():
        return False
    unconvertible = read_base_manifest(folder).conversion == "none"
    return (not convert or unconvertible or (folder / "ct2").is_dir()) and _answered(folder, convert)


def ready_files(source: str, models_dir: Path) -> BaseModel | None:
    """The prepared base model, with or without a conversion; None where it is not prepared. Prepares nothing. Raises
    BaseModelUnavailable for an invalid source."""
    folder = models_dir / find_source(source).slug
    return _prepared(folder, convert=False) if (folder / MANIFEST).is_file() else None


def _prepare(origin: Source, source: str, folder: Path, report: Report) -> None:
    """Check the files, then copy or unpack all of them or none."""
    report(f"Checking {origin.name}", 0.0)
    origin.inspect()
    building = fresh_dir(folder.with_name(f".{folder.name}.building"))
    try:
        report(f"Fetching {origin.name}", 0.1)
        (building / "hf").mkdir()
        origin.fetch(building / "hf")
        settle(building / "hf", origin.name)
        write_base_manifest(building, _manifest(source, origin.name, folder.name, building / "hf"))
        _replace(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _ask(folder: Path, convert: bool, name: str, report: Report, answers: Answers) -> None:
    """Let the model answer, once per engine. Where its conversion does not answer, the model itself is tried."""
    while not _answered(folder, convert):
        engine = _engine(folder, convert)
        report(f"Asking {name} something", 0.9)
        reason = answers(folder / "hf", folder / "ct2" if engine == "ctranslate2" else None)
        if not reason:
            manifest = read_base_manifest(folder)
            write_base_manifest(folder, replace(manifest, answered=(*manifest.answered, engine)))
        elif engine == "ctranslate2":
            shutil.rmtree(folder / "ct2")
            _note_conversion(folder, "none")
        else:
            shutil.rmtree(folder)
            raise BaseModelUnavailable(f"{name} does not answer: {reason}")


def _answered(folder: Path, convert: bool) -> bool:
    """Whether the engine that will serve the model has answered with it."""
    return _engine(folder, convert) in read_base_manifest(folder).answered


def _engine(folder: Path, convert: bool) -> str:
    return "ctranslate2" if convert and (folder / "ct2").is_dir() else "transformers"


@contextmanager
def _refusals(origin: Source, models_dir: Path) -> Iterator[None]:
    """Remembers why a model was refused, while its files and the installed libraries are the same."""
    from alignment.models.libraries import library_versions

    refusal_file = models_dir / f".{origin.slug}.refused.json"
    files = [origin.fingerprint(), library_versions()]
    refusal = read_json(refusal_file) if refusal_file.exists() else {}
    if files[0] and refusal.get("files") == files:
        raise BaseModelUnavailable(refusal["reason"])
    try:
        yield
    except BaseModelUnavailable as refused:
        write_json(refusal_file, {"files": files, "reason": str(refused)})
        raise
    refusal_file.unlink(missing_ok=True)


def _prepared(folder: Path, convert: bool) -> BaseModel:
    manifest = read_base_manifest(folder)
    ct2_dir = folder / "ct2" if _engine(folder, convert) == "ctranslate2" else None
    return BaseModel(manifest.name, folder.name, folder / "hf", ct2_dir, manifest.hash)


def _manifest(source: str, name: str, slug: str, hf_dir: Path) -> BaseManifest:
    from alignment.checkpoints.registry import weights_hash
    from alignment.models.libraries import library_versions

    return BaseManifest(
        name=name,
        slug=slug,
        source=source,
        architecture=read_json(hf_dir / "config.json").get("architectures") or (),
        hash=weights_hash(hf_dir),
        versions=library_versions(),
        created_at=datetime.now(UTC).isoformat(),
    )


def _add_conversion(folder: Path, name: str) -> None:
    """Convert and note it in the manifest; a model that CTranslate2 does not know is noted as `none`. Raises BaseModelUnavailable."""
    from alignment.models.conversion import NotConvertible, convert_model
    from alignment.models.loading import load_tokenizer

    building = folder / ".ct2.building"
    model = _loaded(folder, name)
    try:
        convert_model(model, load_tokenizer(folder / "hf"), folder / "hf", building)
        _replace(building, folder / "ct2")
        _note_conversion(folder, "int8")
    except NotConvertible:
        _note_conversion(folder, "none")
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _loaded(folder: Path, name: str) -> Any:
    """The model in memory. The files of one that cannot be loaded are removed. Raises BaseModelUnavailable."""
    from alignment.models.loading import load_base

    try:
        return load_base(folder / "hf")
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError, ImportError) as error:
        shutil.rmtree(folder)
        raise BaseModelUnavailable(
            f"{name} cannot be loaded ({type(error).__name__}): choose another model"
        ) from error


def _note_conversion(folder: Path, conversion: Conversion) -> None:
    write_base_manifest(folder, replace(read_base_manifest(folder), conversion=conversion))


def _replace(building: Path, target: Path) -> None:
    """Move a finished folder into place; leftovers of an interrupted attempt make way."""
    if target.exists():
        shutil.rmtree(target)
    building.replace(target)
