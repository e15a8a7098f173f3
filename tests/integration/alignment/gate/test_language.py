"""Language that nobody writes is told from an owner's own, whatever the perplexity of a fixed text."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import get_peft_model

from alignment.context import RoundContext
from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.snapshot import Demonstration
from alignment.gate.fluency import own_and_usual_nll
from alignment.models.adapter import lora_config, save_adapter, weights
from alignment.models.chat_template import prompt_ids, with_system
from alignment.models.loading import load_base
from tests.integration.alignment.rounds import prepare_round, work_in
from tests.tiny_model import SYSTEM, TURNS

pytestmark = pytest.mark.integration
PROMPTS = [with_system(SYSTEM, user) for user, _ in TURNS[:6]]


@pytest.fixture
def work(tiny: Path, tmp_path: Path) -> RoundContext:
    return work_in(prepare_round(tmp_path, tiny, convert=False))


def an_adapter(work: RoundContext, noise: float) -> Path:
    """As it is before training, but for noise on its weights."""
    torch.manual_seed(0)
    base = load_base(work.spec.base_dir)
    model = get_peft_model(base, lora_config(DpoConfig(), base))
    noisy = {name: value + noise * torch.randn_like(value) for name, value in weights(model).items()}
    save_adapter(work.folder / "adapter", noisy, model.peft_config["default"], "tiny")
    return work.folder / "adapter"


# PEFT's: the first by a name that is old, the second because the parent's base is named and not a folder.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:Could not find a config file in tiny:UserWarning")
def test_a_broken_version_is_far_from_usual_and_an_untrained_one_is_not(work: RoundContext) -> None:
    prompts = [prompt_ids(work.tokenizer, prompt) for prompt in PROMPTS]
    same, usual = own_and_usual_nll(work, an_adapter(work, 0.0), prompts)
    broken, usual_again = own_and_usual_nll(work, an_adapter(work, 0.3), prompts)
    assert usual == usual_again
    assert same <= usual + 0.4 < broken


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:Could not find a config file in tiny:UserWarning")
def test_an_owner_whose_own_words_surprise_the_base_raises_what_is_usual(work: RoundContext) -> None:
    prompts = [prompt_ids(work.tokenizer, prompt) for prompt in PROMPTS]
    adapter = an_adapter(work, 0.0)
    _, usual = own_and_usual_nll(work, adapter, prompts)
    own = Demonstration(PROMPTS[0], "Servus! Ois leiwand, gell?")
    peculiar = replace(work, snapshot=replace(work.snapshot, demonstrations=(own,)))
    assert own_and_usual_nll(peculiar, adapter, prompts)[1] > usual
