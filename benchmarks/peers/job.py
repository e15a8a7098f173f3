"""What a contestant of `benchmarks/ppo.py` is given and what it hands back, as JSON files. Only the standard library: it is
read in more than one environment."""

import json
import resource
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """One PPO training. The reward is `common_reward.CommonReward` in the folder `reward`."""

    base: str
    """Folder of the base model in safetensors."""
    reward: str
    """Folder that `common_reward.make` wrote."""
    out: str
    """Folder that the contestant may write into."""
    prompts: list[list[int]]
    """Token ids of each prompt, up to where the reply begins."""
    end_id: int
    """Token that ends a reply."""
    pad_id: int
    """Token that no prompt contains and that is not `end_id`: TRL hides every padding token it sees from the model."""
    lora_targets: list[str]
    lora_layers: list[int] | None = None
    """Indices of the layers to adapt; None: all."""
    lora_r: int = 16
    lora_alpha: float = 32.0
    episodes: int = 128
    """Replies to draw in all; a multiple of `batch`."""
    batch: int = 16
    """Replies per update."""
    epochs: int = 4
    """Passes over the replies of an update."""
    minibatches: int = 1
    """Optimiser steps per pass; divides `batch`."""
    reply_tokens: int = 48
    learning_rate: float = 1e-4
    kl_coefficient: float = 0.05
    missing_end_penalty: float = 0.0
    """Taken off the reward of a reply that was cut off."""
    seed: int = 0
    threads: int = 1
    value: str = "full"
    """TRL's value model: `full` (all weights of a second copy are trained, as in its example) or `lora`."""
    micro_batch: int = 8
    """Replies per forward pass of learning, which memory depends on; divides `batch`."""


@dataclass(frozen=True, slots=True)
class Result:
    """What training cost and where the adapter is. Loading the models is in `load_seconds` alone."""

    replies: int
    load_seconds: float
    seconds: float
    cpu_seconds: float
    peak_gb: float
    """Most resident memory of the contestant's own process, libraries included."""
    adapter: str
    """Folder with adapter_config.json and adapter_model.safetensors."""
    trainable: int
    """Number of trained weights."""
    phases: dict[str, float] = field(default_factory=dict)
    """Processor seconds of each phase that can be told apart."""
    updates: list[dict[str, float]] = field(default_factory=list)
    """`reward` and `kl` (nats per reply) of each update's replies, and what else the contestant reports."""


def write_json(file: Path, record: Job | Result) -> None:
    file.write_text(json.dumps(asdict(record)), encoding="utf-8")


def read_job(file: Path) -> Job:
    return Job(**json.loads(file.read_text(encoding="utf-8")))


def read_result(file: Path) -> Result:
    return Result(**json.loads(file.read_text(encoding="utf-8")))


def peak_gb() -> float:
    """Most resident memory of this process so far, in GB.

    A child begins with the peak of the process that started it, so a contestant has to be started by a small one.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
