"""Our PPO and TRL's are compared on the same reward, at the same KL."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks.peers.common_reward import WEIGHTS, CommonReward, fit_score, sequence_classifier
from benchmarks.peers.job import Job, Result, read_job, read_result, write_json
from benchmarks.peers.measured import Measured, at_kl
from benchmarks.ppo import HEADER, OURS, base_row, row

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
ROWS = [[5, 6, 7, 8], [9, 10], [11, 12, 13]]
RESULT = Result(64, 1.0, 40.0, 20.0, 1.5, "adapter", 100)
MEASURED = Measured(1.0, 0.5, 0.1, 2.0, 30.0, 0.25)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(vocab_size=32, **sizes)).save_pretrained(tmp_path)
    save_file({"score.weight": torch.randn(1, 16)}, tmp_path / WEIGHTS)
    return tmp_path


def reward(base: Path, model: object = None) -> CommonReward:
    from safetensors.torch import load_file

    model = model or LlamaForCausalLM.from_pretrained(base)
    return CommonReward(model, None, load_file(base / WEIGHTS)["score.weight"])


def test_the_function_and_the_sequence_classifier_give_the_same_reward(base: Path) -> None:
    classifier = sequence_classifier(base, base).eval()
    with torch.no_grad():
        expected = [float(classifier(torch.tensor([row])).logits[0, 0]) for row in ROWS]
    assert reward(base).score(ROWS) == pytest.approx(expected, abs=1e-5)


def test_the_policys_adapter_does_not_change_the_reward(base: Path) -> None:
    policy = get_peft_model(LlamaForCausalLM.from_pretrained(base), LoraConfig(init_lora_weights=False))
    assert reward(base, policy).score(ROWS) == pytest.approx(reward(base).score(ROWS), abs=1e-5)


def test_a_score_is_fitted_to_its_target_in_standard_deviations() -> None:
    states = torch.randn(400, 8, generator=torch.Generator().manual_seed(0))
    weight, agreement = fit_score(states, states @ torch.arange(8.0))
    assert agreement > 0.99
    assert float((states @ weight.T).std()) == pytest.approx(1.0, abs=1e-4)


def test_an_update_that_went_too_far_is_scaled_to_the_wanted_kl() -> None:
    def measure(scale: float) -> Measured:
        return replace(MEASURED, scale=scale, kl=8 * scale**2.4)

    found = at_kl(measure, measure(1.0), 2.0)
    assert found.kl == pytest.approx(2.0, rel=0.1)
    assert found.scale < 1


def test_an_update_with_the_wanted_kl_is_not_measured_again() -> None:
    assert at_kl(pytest.fail, MEASURED, 2.1) is MEASURED


def test_the_ratios_say_how_much_faster_and_smaller_ours_is() -> None:
    theirs = replace(RESULT, cpu_seconds=40.0, peak_gb=4.5)
    cells = row("TRL", theirs, RESULT, MEASURED, MEASURED).split("|")
    assert (cells[3].strip(), cells[6].strip()) == ("× 2.00", "× 0.33")
    assert "×" not in row(OURS, RESULT, RESULT, MEASURED, MEASURED).replace("× 1.00 |", "")


def test_the_rows_have_as_many_cells_as_the_header() -> None:
    columns = HEADER.splitlines()[0].count("|")
    assert HEADER.splitlines()[1].count("|") == columns
    assert base_row(MEASURED).count("|") == columns
    assert row("TRL", RESULT, None, MEASURED, MEASURED).count("|") == columns


def test_jobs_and_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    job = Job("base", "reward", "out", [[1, 2], [3]], 2, 0, ["q_proj"], lora_layers=[1])
    write_json(tmp_path / "job.json", job)
    write_json(tmp_path / "result.json", RESULT)
    assert (read_job(tmp_path / "job.json"), read_result(tmp_path / "result.json")) == (job, RESULT)
