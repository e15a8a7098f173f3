"""Checkpoints on disk: the hashes of their weights, and the proof that nothing in them changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from alignment.contract.files import MANIFEST, file_hash
from alignment.contract.manifests.base import read_base_manifest
from alignment.contract.manifests.checkpoint import (
    CheckpointManifest,
    CorruptCheckpoint,
    read_checkpoint_manifest,
    refuse_pickles,
)
from alignment.contract.manifests.stage import AdapterHashes

ADAPTER_FILES = ("adapter_model.safetensors", "adapter_config.json")


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint folder whose adapter was checked against its manifest."""

    name: str
    adapter_dir: Path
    ct2_dir: Path | None
    manifest: CheckpointManifest


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


def adapter_hashes(adapter_dir: Path) -> AdapterHashes:
    """The hash of an adapter's weights and that of its settings. Raises CorruptCheckpoint."""
    return AdapterHashes(
        tensors_hash(adapter_tensors(adapter_dir)), file_hash(adapter_dir / ADAPTER_FILES[1])
    )


def verify_adapter(adapter_dir: Path, expected: AdapterHashes) -> None:
    """Raise CorruptCheckpoint unless the adapter has the hashes in its manifest."""
    actual, recorded = asdict(adapter_hashes(adapter_dir)), asdict(expected)
    for name in actual:
        if actual[name] != recorded[name]:
            raise CorruptCheckpoint(f"the adapter is not the one in its manifest ({name} differs)")


def read_checkpoint(folder: Path) -> PublishedCheckpoint:
    """A published checkpoint whose adapter was checked against its manifest. Raises CorruptCheckpoint."""
    refuse_pickles(folder)
    manifest, adapter_dir = read_checkpoint_manifest(folder), folder / "adapter"
    verify_adapter(adapter_dir, manifest.hashes)
    return PublishedCheckpoint(folder.name, adapter_dir, conversion_beside(adapter_dir), manifest)


def conversion_beside(folder: Path) -> Path | None:
    """The CTranslate2 conversion next to a model or adapter folder, if there is one."""
    converted = folder.parent / "ct2"
    return converted if (converted / "model.bin").is_file() else None


def base_hash(base_dir: Path) -> str:
    """SHA-256 over the weight files of the base model, from its manifest if it has one, else from the files."""
    folder = base_dir.parent
    if (folder / MANIFEST).is_file():
        return read_base_manifest(folder).hash
    return weights_hash(base_dir)


def weights_hash(folder: Path) -> str:
    """SHA-256 over names and contents of the safetensors files in `folder`."""
    files = sorted(folder.glob("*.safetensors"))
    lines = "".join(f"{path.name} {file_hash(path)}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()
