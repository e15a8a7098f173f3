"""Which function trains by which method."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alignment.dpo import dpo_batch, dpo_seconds, train_dpo
from alignment.kto import kto_batch, kto_seconds, train_kto
from alignment.memory import refuse_too_large
from alignment.ppo_stage import ppo_batch, ppo_seconds, refuse_ppo, train_ppo
from alignment.rloo import refuse_rloo, rloo_batch, rloo_seconds, train_rloo
from alignment.sft import sft_batch, sft_seconds, train_sft
from alignment.snapshot import Snapshot
from alignment.spec import RoundSpec
from alignment.work import Trained, Work


@dataclass(frozen=True, slots=True)
class Training:
    """`train` keeps resumable state in the folder it is given; `seconds` is how long it takes with the default model on two
    cores; `divided` is what an optimiser step learns from, which the processes that train together share evenly. `refuse` raises
    RoundRefused for what only the tokenizer and this machine tell, before any stage runs; it is told how many times main memory
    will have to hold the training."""

    train: Callable[[Work, Path], Trained]
    seconds: Callable[[RoundSpec, Snapshot], float]
    divided: Callable[[RoundSpec, Snapshot], int]
    from_pairs: bool = True
    refuse: Callable[[Work, int], None] = refuse_too_large


METHODS = {
    "dpo": Training(train_dpo, dpo_seconds, dpo_batch),
    "kto": Training(train_kto, kto_seconds, kto_batch),
    "ppo": Training(train_ppo, ppo_seconds, ppo_batch, from_pairs=False, refuse=refuse_ppo),
    "rloo": Training(train_rloo, rloo_seconds, rloo_batch, from_pairs=False, refuse=refuse_rloo),
    "sft": Training(train_sft, sft_seconds, sft_batch, from_pairs=False),
}
