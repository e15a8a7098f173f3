"""Checkpoints on disk: what they are made of, and the proof that nothing in them changed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from alignment.contract.files import file_hash, read_json, write_json

MANIFEST = "manifest.json"
ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")
PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
# CTranslate2's own format, which happens to end in .bin: numbers only, no code.
NOT_PICKLES = frozenset({"ct2/model.bin"})


class CorruptCheckpoint(RuntimeError):
    """A checkpoint or adapter that is incomplete, altered, or not made of safetensors only."""


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint folder that was verified."""

    name: str
    adapter_dir: Path
    ct2_dir: Path | None
    manifest: dict[str, Any]


def tensors_hash(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes of the tensors in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def adapter_tensors(adapter_dir: Path) -> dict[str, torch.Tensor]:
    """The adapter's weights. Raises CorruptCheckpoint."""
    refuse_pickles(adapter_dir)
    if missing := [name for name in ADAPTER_FILES if not (adapter_dir / name).is_file()]:
        raise CorruptCheckpoint(f"the adapter lacks {' and '.join(missing)}")
    try:
        return dict(load_file(adapter_dir / ADAPTER_FILES[0]))
    except SafetensorError:
        raise CorruptCheckpoint(f"{ADAPTER_FILES[0]} is damaged: run the round again") from None


def adapter_record(adapter_dir: Path) -> dict[str, str]:
    """What a manifest says about an adapter: the hash of its weights and that of its settings."""
    return {
        "adapter_hash": tensors_hash(adapter_tensors(adapter_dir)),
        "adapter_config_hash": file_hash(adapter_dir / ADAPTER_FILES[1]),
    }


def verify_adapter(adapter_dir: Path, manifest: Mapping[str, Any]) -> None:
    """Raise CorruptCheckpoint unless the adapter is the one the manifest was written for."""
    for field, value in adapter_record(adapter_dir).items():
        if manifest.get(field) != value:
            raise CorruptCheckpoint(f"the adapter is not the one in its manifest ({field} differs)")


def refuse_pickles(folder: Path) -> None:
    """Raise CorruptCheckpoint if any file below `folder` could carry code."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.suffix.lower() in PICKLES and relative not in NOT_PICKLES:
            raise CorruptCheckpoint(f"{relative} may carry code; only safetensors are read")


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write `folder/manifest.json`, which completes the folder. Raises CorruptCheckpoint on pickles."""
    refuse_pickles(folder)
    write_json(folder / MANIFEST, dict(manifest))


def read_checkpoint(folder: Path) -> PublishedCheckpoint:
    """A published checkpoint, verified against its manifest. Raises CorruptCheckpoint."""
    refuse_pickles(folder)
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, json.JSONDecodeError):
        raise CorruptCheckpoint(f"{folder.name} has no readable manifest: its round did not finish") from None
    verify_adapter(folder / "adapter", manifest)
    return PublishedCheckpoint(
        folder.name, folder / "adapter", conversion_beside(folder / "adapter"), manifest
    )


def conversion_beside(folder: Path) -> Path | None:
    """The CTranslate2 conversion that lies beside a model or adapter folder, if there is one."""
    converted = folder.parent / "ct2"
    return converted if (converted / "model.bin").is_file() else None


def base_hash(base_dir: Path) -> str:
    """SHA-256 over the base model's weight files, by its manifest or, where it has none, by reading them."""
    manifest = base_dir.parent / MANIFEST
    if manifest.is_file():
        return str(read_json(manifest)["hash"])
    return weights_hash(base_dir)


def weights_hash(folder: Path) -> str:
    """SHA-256 over names and contents of the safetensors files in `folder`."""
    files = sorted(folder.glob("*.safetensors"))
    lines = "".join(f"{path.name} {file_hash(path)}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()
