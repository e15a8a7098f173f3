"""Prepares the base model once: safetensors and tokenizer, the CTranslate2 conversion, and a manifest, which is written last."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from alignment.contract.files import fresh_dir, read_json, write_json
from alignment.models.base_normalise import settle
from alignment.models.base_refused import BaseModelUnavailable
from alignment.models.base_source import Source, find_source

__all__ = ["BaseModel", "BaseModelUnavailable", "is_prepared", "prepare_base", "ready_files"]

MANIFEST = "manifest.json"
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

    `report` is told what is being done and how much is done (0 to 1). `answers` has the engine that will serve the files
    write a reply. Two processes may call this at once: one works, the other waits. A model that is refused leaves nothing behind but
    the reason, which a second call gives at once. Raises BaseModelUnavailable.
    """
    found = find_source(source)
    folder = models_dir / found.slug
    models_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(models_dir / f".{found.slug}.lock"):
        if not (folder / MANIFEST).exists():
            with _refusals(found, models_dir):
                _prepare(found, source, folder, report)
        wanted = convert and read_json(folder / MANIFEST).get("conversion") != "none"
        if wanted and not (folder / "ct2").is_dir():
            report(f"Converting {found.name} for fast replies", 0.6)
            with _refusals(found, models_dir):
                _add_conversion(folder, found.name)
        if not _answered(
            folder, convert
        ):  # else a start would import torch only to find that nothing is to be done
            with _refusals(found, models_dir):
                _ask(folder, convert, found.name, report, answers)
    report(f"{found.name} is ready", 1.0)
    return _prepared(folder, convert)


def is_prepared(source: str, models_dir: Path, convert: bool) -> bool:
    """Whether `prepare_base` would have nothing to do. Raises BaseModelUnavailable for an invalid source."""
    folder = models_dir / find_source(source).slug
    if not (folder / MANIFEST).is_file():
        return False
    unconvertible = read_json(folder / MANIFEST).get("conversion") == "none"
    return (not convert or unconvertible or (folder / "ct2").is_dir()) and _answered(folder, convert)


def ready_files(source: str, models_dir: Path) -> BaseModel | None:
    """The prepared base model, with or without a conversion; None where it is not prepared. Prepares nothing. Raises
    BaseModelUnavailable for an invalid source."""
    folder = models_dir / find_source(source).slug
    return _prepared(folder, convert=False) if (folder / MANIFEST).is_file() else None


def _prepare(found: Source, source: str, folder: Path, report: Report) -> None:
    """Check the files, then copy or unpack all of them or none."""
    report(f"Checking {found.name}", 0.0)
    found.inspect()
    building = fresh_dir(folder.with_name(f".{folder.name}.building"))
    try:
        report(f"Fetching {found.name}", 0.1)
        (building / "hf").mkdir()
        found.fetch(building / "hf")
        settle(building / "hf", found.name)
        write_json(building / MANIFEST, _manifest(source, found.name, folder.name, building / "hf"))
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
            _note(folder, answered=[*read_json(folder / MANIFEST).get("answered", []), engine])
        elif engine == "ctranslate2":
            shutil.rmtree(folder / "ct2")
            _note(folder, conversion="none")
        else:
            shutil.rmtree(folder)
            raise BaseModelUnavailable(f"{name} does not answer: {reason}")


def _answered(folder: Path, convert: bool) -> bool:
    """Whether the engine that will serve the model has answered with it."""
    return _engine(folder, convert) in read_json(folder / MANIFEST).get("answered", [])


def _engine(folder: Path, convert: bool) -> str:
    return "ctranslate2" if convert and (folder / "ct2").is_dir() else "transformers"


@contextmanager
def _refusals(found: Source, models_dir: Path) -> Iterator[None]:
    """Remembers why a model was refused, while its files and the installed libraries are the same."""
    from alignment.models.libraries import library_versions

    kept = models_dir / f".{found.slug}.refused.json"
    files = [found.fingerprint(), library_versions()]
    known = read_json(kept) if kept.exists() else {}
    if files[0] and known.get("files") == files:
        raise BaseModelUnavailable(known["reason"])
    try:
        yield
    except BaseModelUnavailable as refused:
        write_json(kept, {"files": files, "reason": str(refused)})
        raise
    kept.unlink(missing_ok=True)


def _prepared(folder: Path, convert: bool) -> BaseModel:
    manifest = read_json(folder / MANIFEST)
    ct2_dir = folder / "ct2" if _engine(folder, convert) == "ctranslate2" else None
    return BaseModel(manifest["name"], folder.name, folder / "hf", ct2_dir, manifest["hash"])


def _manifest(source: str, name: str, slug: str, hf_dir: Path) -> dict[str, Any]:
    from alignment.checkpoints.registry import weights_hash
    from alignment.models.libraries import library_versions

    return {
        "name": name,
        "slug": slug,
        "source": source,
        "architecture": read_json(hf_dir / "config.json").get("architectures", []),
        "hash": weights_hash(hf_dir),
        "versions": library_versions(),
        "created_at": datetime.now(UTC).isoformat(),
    }


def _add_conversion(folder: Path, name: str) -> None:
    """Convert and note it in the manifest; a model that CTranslate2 does not know is noted as `none`. Raises BaseModelUnavailable."""
    from alignment.models.conversion import NotConvertible, convert_model
    from alignment.models.loading import load_tokenizer

    building = folder / ".ct2.building"
    model = _loaded(folder, name)
    try:
        convert_model(model, load_tokenizer(folder / "hf"), folder / "hf", building)
        _replace(building, folder / "ct2")
        _note(folder, conversion="int8")
    except NotConvertible:
        _note(folder, conversion="none")
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


def _note(folder: Path, **facts: Any) -> None:
    write_json(folder / MANIFEST, {**read_json(folder / MANIFEST), **facts})


def _replace(building: Path, target: Path) -> None:
    """Move a finished folder into place; leftovers of an interrupted attempt make way."""
    if target.exists():
        shutil.rmtree(target)
    building.replace(target)
