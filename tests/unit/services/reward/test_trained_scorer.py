"""The trained reward model as a scorer: opened at its first use, once, and anew when a newer one is current."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Message
from feedback_app.services.reward.reward_models import (
    PromptReply,
    RewardModelRegistry,
    RewardModels,
    TrainedScorer,
)
from feedback_app.services.shares import Share
from feedback_app.store import Store
from tests.unit.services.reward.examples_reward import shelved

HELLO = (Message("user", "Hello"),)


@dataclass
class Constant:
    value: float

    def score(self, items: Sequence[PromptReply]) -> list[float]:
        return [self.value] * len(items)


@pytest.fixture
def loaded() -> list[str]:
    return []


@pytest.fixture
def scorer(store: Store, tmp_path: Path, loaded: list[str]) -> TrainedScorer:
    def load(folder: Path) -> Constant:
        loaded.append(folder.name)
        return Constant(float(len(loaded)))

    shelf = RewardModelRegistry(tmp_path)
    repeats, lengths = Share(0, 0), (0.1, 3.0)
    return TrainedScorer(
        RewardModels(
            store, shelf, lambda: "mine", load, lambda a, b: {}, 0.1, lambda: repeats, lengths, lambda: None
        )
    )


def test_without_a_model_of_this_base_that_passed_nothing_is_known(
    scorer: TrainedScorer, tmp_path: Path, loaded: list[str]
) -> None:
    shelved(tmp_path, "other", "2026-05-01", base="another")
    shelved(tmp_path, "failed", "2026-05-02", base="mine", passed=False)
    assert scorer.score((), ()) is None
    assert scorer.score(HELLO, ["Hi."]) is None
    assert loaded == []


def test_asking_whether_anything_is_known_loads_nothing(
    scorer: TrainedScorer, tmp_path: Path, loaded: list[str]
) -> None:
    shelved(tmp_path, "first", "2026-05-01", base="mine")
    assert scorer.score((), ()) == []
    assert loaded == []


def test_it_is_loaded_once_and_anew_when_a_newer_one_is_current(
    scorer: TrainedScorer, tmp_path: Path, loaded: list[str]
) -> None:
    shelved(tmp_path, "first", "2026-05-01", base="mine")
    assert scorer.score(HELLO, ["Hi.", "Hello."]) == [1.0, 1.0]
    assert scorer.score(HELLO, ["Hi."]) == [1.0]
    shelved(tmp_path, "second", "2026-05-02", base="mine")
    assert scorer.score(HELLO, ["Hi."]) == [2.0]
    assert loaded == ["first", "second"]
