"""Which function trains by which method."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alignment.context import Trained, Work
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec
from alignment.methods.dpo import dpo_batch, train_dpo
from alignment.methods.kto import kto_batch, train_kto
from alignment.methods.ppo.stage import ppo_batch, refuse_ppo, train_ppo
from alignment.methods.rloo import refuse_rloo, rloo_batch, train_rloo
from alignment.methods.sft import sft_batch, train_sft
from alignment.models.memory_check import refuse_too_large


@dataclass(frozen=True, slots=True)
class Training:
    """`train` keeps resumable state in the folder it is given; `divided` is what an optimiser step learns
    from, which the processes that train together share evenly. `refuse` raises RoundRefused for what only the tokenizer and this
    machine tell, before any stage runs; it is told how many times main memory will have to hold the training."""

    train: Callable[[Work, Path], Trained]
    divided: Callable[[RoundSpec, Snapshot], int]
    from_pairs: bool = True
    refuse: Callable[[Work, int], None] = refuse_too_large


METHODS = {
    "dpo": Training(train_dpo, dpo_batch),
    "kto": Training(train_kto, kto_batch),
    "ppo": Training(train_ppo, ppo_batch, from_pairs=False, refuse=refuse_ppo),
    "rloo": Training(train_rloo, rloo_batch, from_pairs=False, refuse=refuse_rloo),
    "sft": Training(train_sft, sft_batch, from_pairs=False),
}
