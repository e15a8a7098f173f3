"""What every stage of a round receives, and what training returns."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from peft import PeftConfig

from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.events import Events
from alignment.contract.manifests.stage import TrainingFacts
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec
from alignment.distributed.group import ALONE, ProcessGroup
from alignment.models.chat_template import Tokenizer
from alignment.stop_signal import StopSignal

Settings = TypeVar("Settings", bound=PolicyConfig)


@dataclass(frozen=True, slots=True)
class Packs:
    """Files of JSON lines: texts to measure perplexity on, the gate's prompts, prompts to train on, and texts for PPO-ptx."""

    perplexity: Path
    heldout_prompts: Path
    prompts: tuple[Path, ...]
    pretraining: Path | None


@dataclass(frozen=True, slots=True)
class RewardFolders:
    """The reward model that this round trains (None: it trains none), and the one in use before the round."""

    own: Path | None
    current: Path | None


@dataclass(frozen=True, slots=True)
class RoundContext:
    """What every stage of a round receives. `folder` is the folder of the round. `ranks` is the group of processes that train together.
    `repeat` counts the trainings on fresh replies; 0 is the first training, on what people said alone.

    `spec` belongs to `stages.py`. A method or a measurement asks for the values that it needs, by the properties below.
    """

    folder: Path
    spec: RoundSpec
    snapshot: Snapshot
    tokenizer: Tokenizer
    events: Events
    stop: StopSignal
    threads: int
    ranks: ProcessGroup = ALONE
    repeat: int = 0

    @property
    def base_dir(self) -> Path:
        """The folder of the base model."""
        return self.spec.base_dir

    @property
    def seed(self) -> int:
        """The seed of everything random in the round."""
        return self.spec.seed

    @property
    def policy(self) -> PolicyConfig:
        """The settings that all methods share."""
        return self.spec.policy

    def settings(self, kind: type[Settings]) -> Settings:
        """The settings of the round's method. Raises InvalidSpec where they are those of another method."""
        return self.spec.settings(kind)

    @property
    def parent_adapter(self) -> Path | None:
        """The adapter that training starts from and is held to; None: the base model."""
        return self.spec.parent_adapter

    @property
    def champion_adapter(self) -> Path | None:
        """The adapter that the gate compares with; None: the base model."""
        return self.spec.champion_adapter

    @property
    def candidate_adapter(self) -> Path:
        """The adapter of the published checkpoint that the gate judges."""
        return self.spec.checkpoint_dir / "adapter"

    @property
    def min_pairs(self) -> int:
        """The fewest examples to train on, at least 1."""
        return max(self.spec.min_pairs, 1)

    @property
    def system_prompt(self) -> str:
        return self.spec.system_prompt

    @property
    def packs(self) -> Packs:
        """The files of prompts and texts."""
        spec = self.spec
        return Packs(spec.perplexity_pack, spec.heldout_prompts, spec.prompt_packs, spec.pretraining_texts)

    @property
    def reward_folders(self) -> RewardFolders:
        """The reward models of the round."""
        own = self.spec.reward_dir if self.policy.reward else None
        return RewardFolders(own, self.spec.current_reward)

    @property
    def converts(self) -> bool:
        """Whether checkpoints are converted for CTranslate2."""
        return self.spec.convert

    def stage_dir(self, stage: str) -> Path:
        return self.folder / stage

    @property
    def repeats(self) -> int:
        """How often the round trains again on fresh replies."""
        return self.spec.repeats

    @property
    def training(self) -> str:
        """The name of the training stage."""
        return f"train-{self.repeat}" if self.repeat else "train"

    @property
    def drawing(self) -> str:
        """The name of the stage that draws the fresh replies for this training."""
        return f"draw-{self.repeat}"

    @property
    def current(self) -> Path | None:
        """The adapter that training continues from where it differs from the reference; None in the first training."""
        if not self.repeat:
            return None
        return self.stage_dir(replace(self, repeat=self.repeat - 1).training) / "adapter"

    @property
    def memory_dir(self) -> Path:
        """The folder of measurements of the base model and of published checkpoints, for all rounds."""
        return self.spec.base_dir.parent / "measured"


@dataclass(frozen=True, slots=True)
class Trained:
    """The adapter after training. `config` are PEFT's settings, `facts` go into the manifest."""

    tensors: dict[str, torch.Tensor]
    config: PeftConfig
    facts: TrainingFacts
