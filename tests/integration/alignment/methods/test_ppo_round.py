"""A PPO round by the real trainer on a tiny model."""

import json
from pathlib import Path

import pytest

from alignment.context import RoundContext
from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.errors import RoundRefused
from alignment.contract.events import EventLog, Plan
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import read_spec
from alignment.methods.ppo.stage import pretraining_texts
from alignment.models.loading import load_tokenizer
from alignment.stop_signal import StopSignal
from tests.integration.alignment.methods.test_methods import ended, refusal
from tests.integration.alignment.rounds import (
    events,
    manifest,
    prepare_round,
    prepare_taught_round,
    start,
    write_snapshot,
)
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]
TOLD = {
    "objective/kl",
    "objective/entropy",
    "objective/scores",
    "objective/rlhf_reward",
    "policy/approxkl",
    "policy/clipfrac",
    "loss/policy",
    "loss/value",
    "val/ratio",
    "reply/length",
}


def test_a_ppo_round_learns_from_its_own_reward_model_and_goes_on_after_a_kill_as_if_nothing_had_been(
    tiny: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s")
    calm = prepare_taught_round(tmp_path, tiny, "calm", "ppo", snapshot)
    training = ended(calm)
    assert (training["steps"], training["episodes"], training["prompts"]) == (4, 32, 12)
    measured = [event for event in events(calm) if event["stage"] == "train" and event["metrics"]]
    assert [event["step"] for event in measured] == [1, 2, 3, 4]
    assert set(measured[0]["metrics"]) >= TOLD
    written = (calm / "trainer.log").read_text() + (calm / "events.jsonl").read_text()
    assert "thank you for asking" not in written

    killed = prepare_taught_round(tmp_path, tiny, "killed", "ppo", snapshot)
    with start(killed) as process:
        until(lambda: any((killed / "train" / "trainer").glob("update-*")), 900)
        process.kill()
    ended(killed)
    assert manifest(killed / "train")["adapter_hash"] == manifest(calm / "train")["adapter_hash"]


def test_a_reward_model_of_another_base_is_refused_in_one_line(tiny: Path, tmp_path: Path) -> None:
    reward = tmp_path / "rewards" / "theirs"
    reward.mkdir(parents=True)
    (reward / "manifest.json").write_text(json.dumps({"base": {"hash": "other"}, "files": {}}))
    folder = prepare_round(tmp_path, tiny, method="ppo", convert=False, current_reward=reward)
    assert refusal(folder).startswith("the reward model theirs is of another base model")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("[]", "each line needs a text"),
        ("", "holds no text to learn from"),
    ],
)
def test_texts_that_cannot_be_learned_from_are_refused_in_one_line(
    tiny: Path, tmp_path: Path, lines: str, reason: str
) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(lines)
    folder = prepare_round(tmp_path, tiny, config={"ptx_coef": 1}, method="ppo", pretraining_texts=file)
    spec, events = read_spec(folder), EventLog(folder, Plan({"train": 1.0}))
    work = RoundContext(folder, spec, Snapshot("", (), ()), load_tokenizer(tiny), events, StopSignal(), 1)
    with pytest.raises(RoundRefused, match=reason):
        pretraining_texts(work, spec.settings(PpoConfig))
