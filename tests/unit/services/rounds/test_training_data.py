"""What a round of each method cannot start without, said before it is queued."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alignment.contract.methods import round_config
from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.store import Store, migrate, open_store
from tests.unit.workers.examples import ranked

NEEDED = 3


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    migrate(url)
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def data(store: Store) -> TrainingData:
    return TrainingData(store, 0.0, lambda: False)


def lacking(data: TrainingData, method: str, config: dict[str, object], needed: int) -> str:
    return data.lacking(method, round_config(method, config), needed)


def rate(store: Store, *good: bool) -> None:
    store.ratings.add_all(
        [Rating((Message("user", f"q{n}"),), f"reply {n}", verdict) for n, verdict in enumerate(good)]
    )


def show(store: Store, count: int) -> None:
    store.demonstrations.add_all(
        [Demonstration((Message("user", f"q{n}"),), f"reply {n}") for n in range(count)]
    )


def rank(store: Store, count: int) -> None:
    store.comparisons.add_all([ranked(f"question {n}") for n in range(count)])


@pytest.mark.parametrize(
    ("method", "config", "reason"),
    [
        ("dpo", {}, "at least 3 preference pairs"),
        ("reward", {}, "at least 3 preference pairs"),
        ("kto", {}, "at least 3 rated replies"),
        ("sft", {}, "at least 3 demonstrations"),
        ("rloo", {}, "no reward model of this base model yet: train one first, or set reward to true"),
        ("rloo", {"reward": True}, "at least 3 preference pairs"),
        ("dpo", {"online_repeats": 2}, "at least 3 preference pairs"),
    ],
)
def test_with_nothing_to_learn_from_every_method_says_what_it_lacks(
    data: TrainingData, method: str, config: dict[str, object], reason: str
) -> None:
    assert reason in lacking(data, method, config, NEEDED)


def test_pairs_are_enough_for_dpo_for_kto_and_for_a_reward_model(store: Store, data: TrainingData) -> None:
    rank(store, NEEDED)
    assert [lacking(data, method, {}, NEEDED) for method in ("dpo", "kto", "reward")] == ["", "", ""]
    assert lacking(data, "rloo", {"reward": True}, NEEDED) == ""
    assert "demonstrations" in lacking(data, "dpo", {"sft_first": True}, NEEDED)


def test_thumbs_are_enough_for_kto_where_both_kinds_are_there(store: Store, data: TrainingData) -> None:
    rate(store, True, True, True)
    assert "all rated replies are good, and KTO needs bad ones" in lacking(data, "kto", {}, NEEDED)
    rate(store, True, True, True, False)
    assert data.ratings() == (3, 1)
    assert lacking(data, "kto", {}, NEEDED) == ""


def test_a_pair_rates_both_ways_where_all_thumbs_agree(store: Store, data: TrainingData) -> None:
    rate(store, False, False)
    assert "all rated replies are bad" in lacking(data, "kto", {}, 2)
    rank(store, 1)
    assert lacking(data, "kto", {}, 2) == ""


def test_demonstrations_and_edits_are_enough_for_sft(store: Store, data: TrainingData) -> None:
    show(store, 2)
    store.comparisons.add_all([ranked("edited", edit="A better one.")])
    assert data.demonstrations() == 3
    assert lacking(data, "sft", {}, NEEDED) == ""


def test_a_reward_model_is_enough_for_rloo(data: TrainingData) -> None:
    assert lacking(replace(data, reward_model=lambda: True), "rloo", {}, NEEDED) == ""


def test_going_on_with_fresh_replies_needs_a_reward_model_or_its_training(
    store: Store, data: TrainingData
) -> None:
    rank(store, NEEDED)
    again: dict[str, object] = {"online_repeats": 2}
    assert lacking(data, "dpo", {"online_repeats": 0}, NEEDED) == ""
    assert "no reward model of this base model yet" in lacking(data, "dpo", again, NEEDED)
    assert lacking(data, "dpo", again | {"reward": True}, NEEDED) == ""
    assert lacking(replace(data, reward_model=lambda: True), "kto", again, NEEDED) == ""


def test_what_is_held_out_does_not_count(store: Store, data: TrainingData) -> None:
    rank(store, 3)
    rate(store, True, False)
    show(store, 3)
    nothing = replace(data, heldout_fraction=1.0)
    assert (nothing.pairs(), nothing.ratings(), nothing.demonstrations()) == (0, (0, 0), 0)


def test_pairs_of_two_equal_replies_do_not_count_because_a_round_leaves_them_out(
    store: Store, data: TrainingData
) -> None:
    twins = [ranked(f"question {n}") for n in range(NEEDED)]
    same = [replace(c, candidates=tuple(replace(one, text=" same\n") for one in c.candidates)) for c in twins]
    store.comparisons.add_all(same)
    assert f"at least {NEEDED} preference pairs to train on and there are 0" in lacking(
        data, "dpo", {}, NEEDED
    )
