"""Rounds of every method but DPO, by the real trainer on a tiny model."""

import json
from pathlib import Path

import pytest

from alignment.checkpoints.registry import read_checkpoint
from tests.integration.alignment.rounds import (
    events,
    manifest,
    prepare_round,
    prepare_taught_round,
    run,
    start,
    write_snapshot,
)
from tests.waiting import until

# Seconds each on a free machine; the limits are for one that is busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def checkpoint_of(folder: Path) -> Path:
    return folder.parent.parent / "checkpoints" / folder.name


def ended(folder: Path) -> dict:  # type: ignore[type-arg]
    """Run a round to its end; what the published checkpoint's manifest says of the training."""
    assert run(folder) == 0, (folder / "trainer.log").read_text()
    published = read_checkpoint(checkpoint_of(folder)).manifest
    training: dict = published.training.record()  # type: ignore[type-arg]
    assert published.hashes.adapter_hash != training["initial_adapter_hash"]
    assert training["trainable_parameters"] > 0
    assert not list(checkpoint_of(folder).rglob("ref"))
    return training


def refusal(folder: Path) -> str:
    assert run(folder) == 2, (folder / "trainer.log").read_text()
    assert not checkpoint_of(folder).exists()
    return str(json.loads((folder / "failure.json").read_text())["reason"])


def test_sft_learns_from_demonstrations_without_a_single_pair(tiny: Path, tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "s", train=0, heldout=0, shown=8)
    folder = prepare_round(tmp_path, tiny, method="sft", snapshot_dir=snapshot, convert=False)
    training = ended(folder)
    assert (training["demonstrations"], training["steps"]) == (8, 4)
    written = (folder / "trainer.log").read_text() + (folder / "events.jsonl").read_text()
    assert "thank you for asking" not in written


def test_kto_learns_from_ratings_and_pairs_and_goes_on_after_a_kill(tiny: Path, tmp_path: Path) -> None:
    config = {"epochs": 6, "batch_size": 4}
    snapshot = write_snapshot(tmp_path / "s", train=8, heldout=4, rated=4)
    calm = prepare_round(tmp_path, tiny, "calm", config, method="kto", snapshot_dir=snapshot, convert=False)
    training = ended(calm)
    assert (training["good"], training["bad"], training["steps"]) == (12, 12, 36)
    assert training["desirable_weight"] == training["undesirable_weight"] == 1

    killed = prepare_round(
        tmp_path, tiny, "killed", config, method="kto", snapshot_dir=snapshot, convert=False
    )
    assert goes_on_after_a_kill(killed)["adapter_hash"] == manifest(calm / "train")["adapter_hash"]


def goes_on_after_a_kill(folder: Path) -> dict:  # type: ignore[type-arg]
    """Kill a round once it has saved, run it to its end, and give what its stage `train` left."""
    with start(folder) as process:
        until(lambda: len(list(folder.glob("train/trainer/checkpoint-*/complete"))) > 0, 900)
        process.kill()
    saved = max(int(path.parent.name.split("-")[1]) for path in folder.glob("train/trainer/*/complete"))
    seen = len(events(folder))
    ended(folder)
    steps = [
        event["step"] for event in events(folder)[seen:] if event["stage"] == "train" and event["metrics"]
    ]
    assert steps[0] == saved + 1
    return manifest(folder / "train")


def test_rloo_learns_from_the_reward_model_of_its_own_round_and_goes_on_after_a_kill(
    tiny: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s")
    calm = prepare_taught_round(tmp_path, tiny, "calm", "rloo", snapshot)
    training = ended(calm)
    assert (training["steps"], training["prompts"], training["reward_model"]) == (4, 12, "calm")
    measured = [event["metrics"] for event in events(calm) if event["stage"] == "train" and event["metrics"]]
    assert {"loss", "reward", "kl", "reply_length"} <= set(measured[0])
    killed = prepare_taught_round(tmp_path, tiny, "killed", "rloo", snapshot)
    assert goes_on_after_a_kill(killed)["adapter_hash"] == manifest(calm / "train")["adapter_hash"]


def test_dpo_goes_on_from_demonstrations_where_it_is_asked_to(tiny: Path, tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "s", shown=8)
    folder = prepare_round(tmp_path, tiny, config={"sft_first": True}, snapshot_dir=snapshot, convert=False)
    training = ended(folder)
    first = manifest(folder / "sft")
    assert training["initial_adapter_hash"] == first["adapter_hash"] != first["initial_adapter_hash"]
    assert training["sft"]["demonstrations"] == 8
    assert training["scale"] <= 1
    assert next(event["stage"] for event in events(folder)) == "sft"


@pytest.mark.parametrize(
    ("method", "config", "amounts", "reason"),
    [
        ("sft", {}, {"shown": 3}, "a round needs at least 8 demonstrations to train on and there are 3"),
        (
            "dpo",
            {"sft_first": True},
            {},
            "a round needs at least 8 demonstrations to train on and there are 0",
        ),
        (
            "kto",
            {},
            {"train": 0, "heldout": 0, "rated": 2},
            "a round needs at least 8 rated replies to train on and there are 4",
        ),
        ("rloo", {}, {}, "there is no reward model of this base model yet: train one first"),
        ("ppo", {}, {}, "there is no reward model of this base model yet: train one first"),
        ("ppo", {"reward": True, "ptx_coef": 1}, {}, "ptx_coef is above 0 and there is no file of texts"),
        ("kto", {"max_length": 16}, {}, "only 0 of 24 rated replies fit into max_length 16"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    tiny: Path,
    tmp_path: Path,
    method: str,
    config: dict,
    amounts: dict,
    reason: str,  # type: ignore[type-arg]
) -> None:
    snapshot = write_snapshot(tmp_path / "s", **amounts)
    folder = prepare_round(tmp_path, tiny, config=config, method=method, snapshot_dir=snapshot, convert=False)
    assert refusal(folder).startswith(reason)


@pytest.mark.parametrize("method", ["rloo", "ppo"])
def test_prompts_that_leave_no_room_are_refused_before_a_reward_model_is_trained(
    tiny: Path, tmp_path: Path, method: str
) -> None:
    config = {"reward": True, "max_length": 20, "max_new_tokens": 16}
    snapshot = write_snapshot(tmp_path / "s")
    folder = prepare_round(tmp_path, tiny, config=config, method=method, snapshot_dir=snapshot, convert=False)
    assert "leaves room for a reply: raise max_length or lower max_new_tokens" in refusal(folder)
    assert not (folder / "reward").exists()
