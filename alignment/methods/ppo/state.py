"""The state that PPO needs to resume, as safetensors and JSON (no pickle). It is written completely or not at all."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from alignment.contract.files import fresh_dir, read_json, write_json
from alignment.methods.ppo.losses import KlController

TENSORS, NUMBERS = "state.safetensors", "state.json"
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training is, beside the weights: `updates` that are done, the KL controller, the score that counts as zero, and
    each update's mean score and KL."""

    updates: int
    controller: KlController
    baseline: float
    scores: tuple[float, ...] = ()
    kls: tuple[float, ...] = ()


def save_progress(
    folder: Path, progress: Progress, weights: Mapping[str, torch.Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """Write `folder/update-N`, complete once it has that name; older ones go."""
    building = fresh_dir(folder / ".building")
    tensors = {f"weights.{name}": value.detach().cpu().contiguous() for name, value in weights.items()}
    save_file(tensors | _optimizer_tensors(optimizer), building / TENSORS)
    write_json(building / NUMBERS, asdict(progress))
    building.replace(folder / f"update-{progress.updates}")
    for updates, path in _saved(folder):
        if updates != progress.updates:
            shutil.rmtree(path)


def load_progress(folder: Path, optimizer: torch.optim.Optimizer) -> tuple[Progress, Tensors] | None:
    """The newest saved state. Also restores the optimiser. None where nothing was saved."""
    newest = max(_saved(folder), default=None)
    if newest is None:
        return None
    stored = load_file(newest[1] / TENSORS)
    _restore(optimizer, stored)
    numbers = read_json(newest[1] / NUMBERS)
    progress = Progress(
        numbers["updates"],
        KlController(**numbers["controller"]),
        numbers["baseline"],
        tuple(numbers["scores"]),
        tuple(numbers["kls"]),
    )
    weights = {name.removeprefix("weights."): value for name, value in stored.items() if name[0] == "w"}
    return progress, weights


def _saved(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob("update-*"):
        if number := re.fullmatch(r"update-(\d+)", path.name):
            yield int(number[1]), path


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    return {
        f"optimizer.{index}.{key}": value.detach().cpu().contiguous()
        for index, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }


def _restore(optimizer: torch.optim.Optimizer, stored: Tensors) -> None:
    content = optimizer.state_dict()
    for name, value in stored.items():
        if match := re.fullmatch(r"optimizer\.(\d+)\.(\w+)", name):
            content["state"].setdefault(int(match[1]), {})[match[2]] = value
    optimizer.load_state_dict(content)
