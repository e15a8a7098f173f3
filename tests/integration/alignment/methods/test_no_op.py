"""A training that changes nothing is caught in every method.

TRL 1.16 ends a round of RLOO on an adapter that was loaded frozen as if it had learned, with a plausible gradient norm.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from peft import PeftModel, get_peft_model

from alignment.context import RoundContext
from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.snapshot import Messages
from alignment.methods import rloo
from alignment.methods.ppo import stage as ppo_stage
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.training import POLICY_METHODS, training_of
from alignment.models import adapter
from alignment.models.adapter import NothingLearned, lora_config, save_adapter, weights
from alignment.models.loading import Model, load_base
from tests.integration.alignment.rounds import prepare_round, work_in, write_snapshot

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    # PEFT's: the first by a name that is old, the second because the parent's base is named and not a folder.
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Could not find a config file in tiny:UserWarning"),
]


class Lengths:
    """A reward that likes long replies."""

    def score(self, items: Sequence[tuple[Messages, str]]) -> list[float]:
        return [float(len(reply)) for _, reply in items]


def frozen(base: Model, adapter_dir: Path) -> Model:
    return PeftModel.from_pretrained(base, str(adapter_dir), is_trainable=False)


def work_on_a_parent(tiny: Path, home: Path, method: str) -> RoundContext:
    """The work of a round that goes on from an adapter."""
    base = load_base(tiny)
    parent = get_peft_model(base, lora_config(DpoConfig(lora_r=4), base))
    save_adapter(home / "parent" / "adapter", weights(parent), parent.peft_config["default"], "tiny")
    snapshot = write_snapshot(home / "s", rated=4, shown=8)
    folder = prepare_round(
        home, tiny, method=method, snapshot_dir=snapshot, parent_adapter=home / "parent" / "adapter"
    )
    return work_in(folder, current_reward=home)


@pytest.fixture(autouse=True)
def _rewards_of_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # as in a round
    for method in (rloo, ppo_stage):
        monkeypatch.setattr(method, "required_reward_folder", lambda context: Path("rewards/lengths"))
    monkeypatch.setattr(rloo, "load_reward", lambda base_dir, folder: Lengths())
    monkeypatch.setattr(ActorCritic, "add_reward", lambda actor, tokenizer, folder: Lengths().score)


@pytest.mark.parametrize("method", POLICY_METHODS)
def test_every_method_learns_and_is_caught_where_the_optimiser_does_nothing(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    work = work_on_a_parent(tiny, tmp_path, method)
    assert training_of(method).train(work, tmp_path / "learns").facts.numbers["update_norm"] > 0
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda optimizer, closure=None: None)
    with pytest.raises(NothingLearned, match="nothing was learned"):
        training_of(method).train(work, tmp_path / "idle")


# DPO and KTO add a second adapter for the reference, and PEFT then trains the first all the same; PPO says which is active.
@pytest.mark.parametrize("method", ["rloo", "sft"])
def test_an_adapter_that_was_loaded_frozen_is_caught(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    work = work_on_a_parent(tiny, tmp_path, method)
    monkeypatch.setattr(adapter, "continue_adapter", frozen)
    with pytest.raises(NothingLearned):
        training_of(method).train(work, tmp_path / "frozen")
