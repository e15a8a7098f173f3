"""A reward model from rankings to calibrated rewards, with a tiny model."""

from dataclasses import replace
from pathlib import Path

import pytest

from reward_model.fit import fit_reward, load_reward
from reward_model.rankings import Ranked, RewardRefused
from reward_model.train import Stopped
from tests.integration.reward_model.toy import CONFIG, PROMPT, ranking_of_nine, toy_rankings

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
QUICK = CONFIG.model_copy(update={"epochs": 1.0, "learning_rate": 1e-3})


def heldout(rankings: list[Ranked]) -> list[Ranked]:
    return [replace(ranked, split="heldout") for ranked in rankings]


def test_a_preference_is_learned_calibrated_and_told_honestly(tiny: Path, tmp_path: Path) -> None:
    rankings = [*toy_rankings(120, 0, ties=True), *heldout(toy_rankings(60, 1))]
    read: list[float] = []
    record = fit_reward(tiny, rankings, QUICK, tmp_path, read=read.append)
    assert read == sorted(read)
    assert (len(read) > 1, read[-1]) == (True, 1)
    assert (record["rankings"], record["ties"], record["pairs"]) == (120, 40, 80)
    assert record["heldout_pairs"] == 60
    assert record["accuracy"] > 0.9
    assert record["accuracy_low"] < record["accuracy"] <= record["accuracy_high"]
    assert record["tie_threshold"] > 0
    assert record["ece"] < 0.3
    loved, other = load_reward(tiny, tmp_path).score([(PROMPT, "thanks a lovely day"), (PROMPT, "a day")])
    assert loved > other
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_the_same_seed_gives_the_same_rewards(tiny: Path, tmp_path: Path) -> None:
    items = [(PROMPT, "thanks"), (PROMPT, "soup")]
    for name in ("a", "b"):
        fit_reward(tiny, toy_rankings(16, 0), QUICK, tmp_path / name)
    first, second = (load_reward(tiny, tmp_path / name).score(items) for name in ("a", "b"))
    assert first == second


def test_one_prompt_only_leaves_nothing_held_out_and_says_so(tiny: Path, tmp_path: Path) -> None:
    record = fit_reward(tiny, toy_rankings(12, 0), QUICK, tmp_path)
    assert (record["heldout_pairs"], record["accuracy"], record["ece"]) == (0, None, None)


def test_rankings_that_contradict_each_other_are_counted_and_teach_next_to_nothing(
    tiny: Path, tmp_path: Path
) -> None:
    ways = [Ranked(PROMPT, ("yes", "thanks"), places) for places in ((0, 1), (1, 0)) * 6]
    record = fit_reward(tiny, ways, QUICK, tmp_path)
    assert record["contradictions"] == 1
    yes, thanks = load_reward(tiny, tmp_path).score([(PROMPT, "yes"), (PROMPT, "thanks")])
    assert abs(yes - thanks) < 0.5


def test_odd_replies_are_scored(tiny: Path, tmp_path: Path) -> None:
    odd = [
        Ranked(PROMPT, ("", "Soup."), (1, 0)),
        Ranked(PROMPT, ("soup " * 900, "ok"), (1, 0)),
        Ranked(PROMPT, ("你好 \ud83d", "\x00"), (0, 1)),
        ranking_of_nine(0),
    ]
    record = fit_reward(tiny, [*odd, *heldout(odd)], QUICK.model_copy(update={"max_length": 64}), tmp_path)
    assert record["truncated"] == 1
    assert record["heldout_pairs"] == 3 + 18


@pytest.mark.parametrize(
    "rankings",
    [[], heldout(toy_rankings(4, 0)), [Ranked(PROMPT, ("a", "b"), (0, 0))]],
    ids=["none", "held", "ties"],
)
def test_what_cannot_be_learned_from_is_refused(tiny: Path, tmp_path: Path, rankings: list[Ranked]) -> None:
    with pytest.raises(RewardRefused):
        fit_reward(tiny, rankings, QUICK, tmp_path)


def test_a_stop_ends_the_training(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        fit_reward(tiny, toy_rankings(16, 0), QUICK, tmp_path, should_stop=lambda: True)
