"""What a round of each method cannot start without, said before it is queued."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.services.rounds.training_requirements import Supply, lacking
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
def supply(store: Store) -> Supply:
    return Supply(store, 0.0, lambda: False)


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
    supply: Supply, method: str, config: dict[str, object], reason: str
) -> None:
    assert reason in lacking(method, config, supply, NEEDED)


def test_pairs_are_enough_for_dpo_for_kto_and_for_a_reward_model(store: Store, supply: Supply) -> None:
    rank(store, NEEDED)
    assert [lacking(method, {}, supply, NEEDED) for method in ("dpo", "kto", "reward")] == ["", "", ""]
    assert lacking("rloo", {"reward": True}, supply, NEEDED) == ""
    assert "demonstrations" in lacking("dpo", {"sft_first": True}, supply, NEEDED)


def test_thumbs_are_enough_for_kto_where_both_kinds_are_there(store: Store, supply: Supply) -> None:
    rate(store, True, True, True)
    assert "all rated replies are good, and KTO needs bad ones" in lacking("kto", {}, supply, NEEDED)
    rate(store, True, True, True, False)
    assert supply.ratings() == (3, 1)
    assert lacking("kto", {}, supply, NEEDED) == ""


def test_a_pair_rates_both_ways_where_all_thumbs_agree(store: Store, supply: Supply) -> None:
    rate(store, False, False)
    assert "all rated replies are bad" in lacking("kto", {}, supply, 2)
    rank(store, 1)
    assert lacking("kto", {}, supply, 2) == ""


def test_demonstrations_and_edits_are_enough_for_sft(store: Store, supply: Supply) -> None:
    show(store, 2)
    store.comparisons.add_all([ranked("edited", edit="A better one.")])
    assert supply.demonstrations() == 3
    assert lacking("sft", {}, supply, NEEDED) == ""


def test_a_reward_model_is_enough_for_rloo(supply: Supply) -> None:
    assert lacking("rloo", {}, replace(supply, reward_model=lambda: True), NEEDED) == ""


def test_going_on_with_fresh_replies_needs_a_reward_model_or_its_training(
    store: Store, supply: Supply
) -> None:
    rank(store, NEEDED)
    again = {"online_repeats": 2}
    assert lacking("dpo", {"online_repeats": 0}, supply, NEEDED) == ""
    assert "no reward model of this base model yet" in lacking("dpo", again, supply, NEEDED)
    assert lacking("dpo", again | {"reward": True}, supply, NEEDED) == ""
    assert lacking("kto", again, replace(supply, reward_model=lambda: True), NEEDED) == ""


def test_what_is_held_out_does_not_count(store: Store, supply: Supply) -> None:
    rank(store, 3)
    rate(store, True, False)
    show(store, 3)
    nothing = replace(supply, heldout_fraction=1.0)
    assert (nothing.pairs(), nothing.ratings(), nothing.demonstrations()) == (0, (0, 0), 0)
