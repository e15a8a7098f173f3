"""What an adapter's hash and a checkpoint's manifest promise."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from alignment.checkpoints.registry import (
    adapter_hashes,
    read_checkpoint,
    tensors_hash,
    verify_adapter,
)
from alignment.contract.manifests.checkpoint import (
    CheckpointManifest,
    CorruptCheckpoint,
    write_checkpoint_manifest,
)
from alignment.contract.manifests.stage import AdapterHashes
from alignment.gate.measurement_cache import remembered
from alignment.methods.update_scale import scaled_tensors


def tensors() -> dict[str, torch.Tensor]:
    return {"q.lora_A.weight": torch.arange(6.0).reshape(2, 3), "q.lora_B.weight": torch.ones(3, 2)}


def checkpoint(folder: Path) -> Path:
    adapter = folder / "adapter"
    adapter.mkdir(parents=True)
    save_file(tensors(), adapter / "adapter_model.safetensors")
    (adapter / "adapter_config.json").write_text('{"r": 2}')
    write_checkpoint_manifest(folder, CheckpointManifest(name=folder.name, hashes=adapter_hashes(adapter)))
    return folder


def test_the_hash_is_of_names_shapes_types_and_values_in_any_order() -> None:
    found = tensors_hash(tensors())
    assert tensors_hash(dict(reversed(tensors().items()))) == found
    changed = tensors()
    changed["q.lora_B.weight"][0, 0] = 2
    others = [
        changed,
        {name.replace("q", "k"): tensor for name, tensor in tensors().items()},
        {name: tensor.t().contiguous() for name, tensor in tensors().items()},
        {name: tensor.to(torch.bfloat16) for name, tensor in tensors().items()},
    ]
    assert len({found, *map(tensors_hash, others)}) == 5


def test_a_checkpoint_is_read_back_verified(tmp_path: Path) -> None:
    read = read_checkpoint(checkpoint(tmp_path / "tone-1"))
    assert (read.name, read.ct2_dir) == ("tone-1", None)


def test_other_settings_with_the_same_weights_are_noticed(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "tone-1")
    (folder / "adapter" / "adapter_config.json").write_text('{"r": 2, "lora_alpha": 99}')
    with pytest.raises(CorruptCheckpoint, match="adapter_config_hash differs"):
        read_checkpoint(folder)


def test_a_checkpoint_without_its_manifest_is_not_finished(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "tone-1")
    (folder / "manifest.json").unlink()
    with pytest.raises(CorruptCheckpoint, match="did not finish"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["adapter/adapter_model.bin", "optimizer.pt", "ct2/extra.bin", "model.PKL"])
def test_anything_that_could_be_a_pickle_is_refused(tmp_path: Path, name: str) -> None:
    folder = checkpoint(tmp_path / "tone-1")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"\x80\x04")
    with pytest.raises(CorruptCheckpoint, match="may carry code"):
        read_checkpoint(folder)
    with pytest.raises(CorruptCheckpoint, match="may carry code"):
        write_checkpoint_manifest(folder, CheckpointManifest(name="tone-1"))


def test_damaged_or_missing_weights_are_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "tone-1")
    weights = folder / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(b"nonsense")
    with pytest.raises(CorruptCheckpoint, match="damaged"):
        verify_adapter(folder / "adapter", AdapterHashes())
    weights.unlink()
    with pytest.raises(CorruptCheckpoint, match="lacks adapter_model"):
        verify_adapter(folder / "adapter", AdapterHashes())


def test_scaling_an_adapter_scales_its_update() -> None:
    half = scaled_tensors(tensors(), 0.5)
    update = half["q.lora_B.weight"] @ half["q.lora_A.weight"]
    assert torch.equal(update, 0.5 * (tensors()["q.lora_B.weight"] @ tensors()["q.lora_A.weight"]))


def test_a_measurement_is_made_once_per_key(tmp_path: Path) -> None:
    calls: list[int] = []

    def compute() -> dict[str, float]:
        calls.append(1)
        return {"all": 12.5}

    for key in ({"base": "a"}, {"base": "a"}, {"base": "b"}):
        assert remembered(tmp_path / "measured", key, compute) == {"all": 12.5}
    assert len(calls) == 2
    assert all(json.loads(path.read_text()) == {"all": 12.5} for path in (tmp_path / "measured").iterdir())
