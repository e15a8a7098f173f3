"""What every stage of a round gets, and what training gives."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from peft import PeftConfig

from alignment.contract.events import Events
from alignment.contract.manifests.stage import TrainingFacts
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec
from alignment.distributed.group import ALONE, ProcessGroup
from alignment.models.chat_template import Tokenizer
from alignment.stop_signal import StopSignal


@dataclass(frozen=True, slots=True)
class RoundContext:
    """What every stage of a round gets. `folder` is the round's; `ranks` are who trains together, of which only training knows.
    `repeat` counts the trainings on fresh replies (`online.py`): 0 is the first one, on what people said alone."""

    folder: Path
    spec: RoundSpec
    snapshot: Snapshot
    tokenizer: Tokenizer
    events: Events
    stop: StopSignal
    threads: int
    ranks: ProcessGroup = ALONE
    repeat: int = 0

    def stage_dir(self, stage: str) -> Path:
        return self.folder / stage

    @property
    def training(self) -> str:
        """The name of the training stage."""
        return f"train-{self.repeat}" if self.repeat else "train"

    @property
    def drawing(self) -> str:
        """The name of the stage that draws the fresh replies for it."""
        return f"draw-{self.repeat}"

    @property
    def current(self) -> Path | None:
        """The adapter that training goes on from, where that is not the one it is held to."""
        if not self.repeat:
            return None
        return self.stage_dir(replace(self, repeat=self.repeat - 1).training) / "adapter"

    @property
    def memory_dir(self) -> Path:
        """Where measurements of the base and of published checkpoints are kept."""
        return self.spec.base_dir.parent / "measured"


@dataclass(frozen=True, slots=True)
class Trained:
    """The adapter after training. `config` are PEFT's settings, `facts` go into the manifest."""

    tensors: dict[str, torch.Tensor]
    config: PeftConfig
    facts: TrainingFacts
