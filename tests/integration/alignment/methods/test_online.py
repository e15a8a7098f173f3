"""Going on with fresh replies: drawn from the policy as it is, ranked, and learned from."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from alignment.checkpoints.registry import read_checkpoint
from alignment.context import RoundContext
from alignment.contract.errors import InvalidSnapshot, RoundRefused
from alignment.contract.events import EventLog
from alignment.contract.files import read_json
from alignment.contract.methods import round_config
from alignment.contract.snapshot import Messages, read_snapshot
from alignment.contract.spec import read_spec
from alignment.methods import iterative_dpo as online
from alignment.methods.iterative_dpo import NoFreshPairs, draw_fresh, refuse_unusable, with_fresh
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.prompts import key_of
from alignment.models.adapter import NothingLearned
from alignment.models.loading import load_tokenizer
from alignment.stages import plan, train
from alignment.stop_signal import StopSignal
from tests.integration.alignment.rounds import events, manifest, prepare_round, run, start, write_snapshot
from tests.waiting import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    # PEFT's: the first by a name that is old, the second because the base is named and not a folder.
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Could not find a config file in tiny:UserWarning"),
]
ONLINE = {
    "online_repeats": 2,
    "online_prompts": 12,
    "online_candidates": 4,
    "online_max_new_tokens": 24,
    "online_margin": 0.0,
    "perplexity_budget": None,
}


def open_vowels(items: Sequence[tuple[Messages, str]]) -> list[float]:
    """A reward that anyone can check."""
    return [float(sum(reply.count(letter) for letter in "aeo")) for _, reply in items]


@pytest.fixture
def _known_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # as in a round
    monkeypatch.setattr(online, "required_reward_folder", lambda context: Path("rewards/vowels"))
    monkeypatch.setattr(ActorCritic, "add_reward", lambda actor, tokenizer, folder: open_vowels)


def work_of(tiny: Path, home: Path, method: str = "dpo", **config: Any) -> RoundContext:
    folder = prepare_round(home, tiny, config=ONLINE | config, method=method)
    spec = read_spec(folder)
    snapshot = read_snapshot(spec.snapshot_dir)
    log = EventLog(folder, plan(spec, snapshot))
    return RoundContext(folder, spec, snapshot, load_tokenizer(tiny), log, StopSignal(), 1)


def drawn(work: RoundContext) -> dict[str, Any]:
    """Run a stage that draws; its manifest."""
    work.stage_dir(work.drawing).mkdir()
    draw_fresh(work)
    return manifest(work.stage_dir(work.drawing))


def trained(work: RoundContext) -> dict[str, Any]:
    work.stage_dir(work.training).mkdir()
    train(work)
    return manifest(work.stage_dir(work.training))


@pytest.mark.usefixtures("_known_reward")
def test_each_repetition_goes_on_from_the_one_before_and_the_drawn_replies_get_better(
    tiny: Path, tmp_path: Path
) -> None:
    work = work_of(tiny, tmp_path, online_prompts=16, epochs=4)
    first = trained(work)
    facts, rewards, fresh = first, list[float](), 0
    for repeat in (1, 2):
        here = replace(work, repeat=repeat)
        told = drawn(here)
        rewards.append(told["drawn/reward"])
        assert told["pairs"] == round(told["drawn/kept"] * told["prompts"]) > 0
        fresh += told["pairs"]
        before, facts = facts, trained(with_fresh(here))
        assert facts["initial_adapter_hash"] == before["adapter_hash"] != facts["adapter_hash"]
        assert (facts["before"], facts["fresh"]) == (before, told)
        assert facts["pairs"] == first["pairs"] + fresh
        assert facts["trainable_parameters"] > 0
    rewards.append(drawn(replace(work, repeat=3))["drawn/reward"])
    assert rewards[0] < min(rewards[1:])
    measured = [event for event in events(work.folder) if "drawn/reward" in event["metrics"]]
    assert [event["stage"] for event in measured] == ["draw-1", "draw-2", "draw-3"]
    assert set(measured[0]["metrics"]) == {"drawn/kept", "drawn/reward", "drawn/length", "drawn/ended"}
    texts = {reply["chosen"] for reply in read_json(work.folder / "draw-1" / "pairs.json")}
    assert not any(text in (work.folder / "events.jsonl").read_text() for text in texts)


@pytest.mark.usefixtures("_known_reward")
def test_kto_learns_from_fresh_pairs_taken_apart_and_an_idle_optimiser_is_caught(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = work_of(tiny, tmp_path, "kto")
    first = trained(work)
    here = replace(work, repeat=1)
    told = drawn(here)
    assert trained(with_fresh(here))["good"] == first["good"] + told["pairs"]
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda optimizer, closure=None: None)
    here = replace(work, repeat=2)
    drawn(here)
    with pytest.raises(NothingLearned, match="nothing was learned"):
        trained(with_fresh(here))


@pytest.mark.usefixtures("_known_reward")
def test_replies_that_are_all_the_same_to_the_reward_model_end_the_round_with_a_reason(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActorCritic, "add_reward", lambda *_: lambda items: [1.0] * len(items))
    work = work_of(tiny, tmp_path, online_prompts=2)
    trained(work)
    with pytest.raises(NoFreshPairs, match="repetition 1: no two replies to a prompt differ enough"):
        drawn(replace(work, repeat=1))
    assert not (work.folder / "draw-1" / "manifest.json").exists()


@pytest.mark.usefixtures("_known_reward")
def test_fresh_pairs_that_changed_on_disk_are_not_trained_on(tiny: Path, tmp_path: Path) -> None:
    work = work_of(tiny, tmp_path, online_prompts=4)
    trained(work)
    here = replace(work, repeat=1)
    drawn(here)
    (work.folder / "draw-1" / "pairs.json").write_text("[]")
    with pytest.raises(InvalidSnapshot, match="the fresh pairs of draw-1 changed"):
        with_fresh(here)


def test_what_could_not_be_ranked_or_asked_is_refused_before_anything_is_trained(
    tiny: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "rewards" / "theirs"
    theirs.mkdir(parents=True)
    (theirs / "manifest.json").write_text(json.dumps({"base": {"hash": "other"}, "files": {}}))
    work = work_of(tiny, tmp_path)
    spec = replace(work.spec, current_reward=theirs)
    with pytest.raises(RoundRefused, match="the reward model theirs is of another base model"):
        refuse_unusable(replace(work, spec=spec))
    refuse_unusable(replace(work, spec=replace(spec, config=round_config("dpo", {}))))
    own = replace(spec, config=round_config("dpo", ONLINE | {"reward": True}))
    refuse_unusable(replace(work, spec=own))  # its reward model is trained first, and asked for then
    short = round_config("dpo", ONLINE | {"reward": True, "max_length": 25})
    with pytest.raises(RoundRefused, match="none of 12 prompts leaves room for a reply"):
        refuse_unusable(replace(work, spec=replace(spec, config=short)))


def test_the_expected_time_of_a_round_counts_every_repetition(tiny: Path, tmp_path: Path) -> None:
    work = work_of(tiny, tmp_path)
    seconds = dict(plan(work.spec, work.snapshot).seconds)
    assert list(seconds) == ["snapshot", "train", "draw-1", "train-1", "draw-2", "train-2", "publish", "gate"]
    assert seconds["train"] < seconds["train-1"] < seconds["train-2"]
    usual = replace(work.spec, config=round_config("dpo", {}))
    assert list(plan(usual, work.snapshot).seconds) == ["snapshot", "train", "publish", "gate"]


def test_a_round_killed_between_repetitions_goes_on_to_the_same_adapter(tiny: Path, tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "s")
    calm, killed = (
        prepare_round(
            tmp_path,
            tiny,
            name,
            ONLINE | {"reward": True, "online_prompts": 8},
            snapshot_dir=snapshot,
            convert=False,
            reward_dir=tmp_path / "rewards" / name,
        )
        for name in ("calm", "killed")
    )
    assert run(calm) == 0, (calm / "trainer.log").read_text()
    with start(killed) as process:
        until(lambda: (killed / "train-1" / "manifest.json").exists(), 900)
        process.kill()
    seen = len(events(killed))
    assert run(killed) == 0, (killed / "trainer.log").read_text()

    again = [event["stage"] for event in events(killed)[seen:] if "finished before" not in event["message"]]
    assert not {"reward", "train", "draw-1", "train-1"} & set(again)
    assert manifest(killed / "train-2")["adapter_hash"] == manifest(calm / "train-2")["adapter_hash"]
    published = read_checkpoint(tmp_path / "checkpoints" / "killed").manifest
    assert published.hashes.adapter_hash == manifest(killed / "train-2")["adapter_hash"]
    assert published.record()["training"]["before"]["fresh"]["reward_model"] == "killed"
    assert never_asked(killed)


def never_asked(folder: Path) -> bool:
    """Whether no prompt of the gate, and none that is held out, was replied to."""
    spec = read_spec(folder)
    kept_out = {key_of(prompt) for prompt in read_snapshot(spec.snapshot_dir).heldout_prompts}
    for line in spec.heldout_prompts.read_text().splitlines():
        kept_out.add(key_of(({"role": "user", "content": json.loads(line)["prompt"]},)))
    pairs = [pair for stage in ("draw-1", "draw-2") for pair in read_json(folder / stage / "pairs.json")]
    return not kept_out & {key_of(pair["prompt"]) for pair in pairs}
