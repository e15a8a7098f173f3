"""What every stage of a round gets, and what training gives."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig

from alignment.chat import Tokenizer
from alignment.events import EventLog
from alignment.snapshot import Snapshot
from alignment.spec import RoundSpec
from alignment.stop import StopSignal


@dataclass(frozen=True, slots=True)
class Work:
    """What every stage of a round gets. `folder` is the round's."""

    folder: Path
    spec: RoundSpec
    snapshot: Snapshot
    tokenizer: Tokenizer
    events: EventLog
    stop: StopSignal
    threads: int

    def stage_dir(self, stage: str) -> Path:
        return self.folder / stage

    @property
    def memory_dir(self) -> Path:
        """Where measurements of the base and of published checkpoints are kept."""
        return self.spec.base_dir.parent / "measured"


@dataclass(frozen=True, slots=True)
class Trained:
    """The adapter after training. `facts` are numbers for the manifest, `config` PEFT's settings."""

    tensors: dict[str, torch.Tensor]
    config: PeftConfig
    facts: dict[str, Any]
