"""A round says how many examples it uses, and of how many, before it starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alignment.contract.durations import first_round
from feedback_app.domain.expectation import estimate_text
from feedback_app.domain.round import InvalidRound
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.store import Store, migrate, open_store
from tests.unit.workers.examples import ranked


class Base:
    """The only version there is."""

    def resolve(self, name: str) -> str:
        return name


class Nobody:
    """No worker listens."""

    def send(self, round_id: str) -> bool:
        return False


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    migrate(url)
    store = open_store(url)
    store.comparisons.add_all([ranked(f"question {number}") for number in range(30)])
    yield store
    store.close()


@pytest.fixture
def estimates(store: Store, tmp_path: Path) -> Estimates:
    data = TrainingData(store, 0.0, lambda: False)
    return Estimates(store, Lineage(store, tmp_path), data, first_round(1, lambda: 1.0), 8)


def rounds(store: Store, estimates: Estimates) -> Rounds:
    return Rounds(store, Base(), Nobody(), estimates.training_data, 8, estimates.sampled)  # type: ignore[arg-type]


def test_where_there_is_time_for_all_pairs_nothing_is_said(store: Store, estimates: Estimates) -> None:
    queued = rounds(store, estimates).queue("dpo")
    assert queued.config["max_pairs"] == "auto"
    found = estimates.expected("dpo", queued.config)
    assert found is not None
    assert found.usage is not None
    assert (found.usage.uses, found.usage.available, found.usage.text) == (30, 30, "")


def test_where_there_is_not_the_round_is_queued_with_a_number_and_says_why(
    store: Store, estimates: Estimates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignment.contract.sampling.FEWEST", 12)
    monkeypatch.setattr("alignment.contract.sampling.SENSIBLE_SECONDS", 1.0)
    queued = rounds(store, estimates).queue("dpo")
    assert queued.config["max_pairs"] == 12
    for config in ({}, queued.config):
        text = estimate_text(estimates.expected("dpo", config))
        assert "It uses 12 of 30 pairs, so that the round takes about four hours at most here" in text
    fewer = estimate_text(estimates.expected("dpo", {"max_pairs": 10}))
    assert "It uses 10 of 30 pairs, as max_pairs says" in fewer


def test_a_sample_makes_a_round_shorter(estimates: Estimates) -> None:
    every, few = estimates.expected("dpo", {}), estimates.expected("dpo", {"max_pairs": 10})
    assert every is not None
    assert few is not None
    assert few.seconds < every.seconds


def test_fewer_pairs_than_a_round_needs_are_refused(store: Store, estimates: Estimates) -> None:
    with pytest.raises(InvalidRound, match="max_pairs: a round needs at least 8"):
        rounds(store, estimates).queue("dpo", {"max_pairs": 7})
