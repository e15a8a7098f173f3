"""Which function trains by which method."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alignment.dpo import dpo_seconds, train_dpo
from alignment.kto import kto_seconds, train_kto
from alignment.ppo_stage import ppo_seconds, train_ppo
from alignment.rloo import rloo_seconds, train_rloo
from alignment.sft import sft_seconds, train_sft
from alignment.snapshot import Snapshot
from alignment.spec import RoundSpec
from alignment.work import Trained, Work


@dataclass(frozen=True, slots=True)
class Training:
    """`train` keeps resumable state in the folder it is given; `seconds` is how long it takes with the default model on two
    cores."""

    train: Callable[[Work, Path], Trained]
    seconds: Callable[[RoundSpec, Snapshot], float]


METHODS = {
    "dpo": Training(train_dpo, dpo_seconds),
    "kto": Training(train_kto, kto_seconds),
    "ppo": Training(train_ppo, ppo_seconds),
    "rloo": Training(train_rloo, rloo_seconds),
    "sft": Training(train_sft, sft_seconds),
}
