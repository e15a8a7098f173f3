"""Scores of many lines, where the reward model stops answering on the way."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feedback_app.api import errors, rewards
from feedback_app.services.reward.reward_models import (
    PromptReply,
    RewardModelRegistry,
    RewardModels,
    RewardModelUnavailable,
)
from feedback_app.services.shares import Share
from feedback_app.store import Store
from tests.unit.services.reward.examples_reward import shelved

LINE = json.dumps({"prompt": "Hello", "replies": ["Hi.", "No."]}) + "\n"


@dataclass
class Ends:
    """Answers so many requests, and no more."""

    left: int

    def score(self, items: Sequence[PromptReply]) -> list[float]:
        if not self.left:
            raise RewardModelUnavailable("the process that scores replies ended: try again")
        self.left -= 1
        return [0.5] * len(items)


@pytest.fixture
def asked(store: Store, tmp_path: Path) -> TestClient:
    shelved(tmp_path, "first", "2026-05-01", base="mine")
    repeats = Share(0, 0)
    found = RewardModels(
        store, RewardModelRegistry(tmp_path), lambda: "mine", lambda folder: scorer, lambda a, b: {}, 0.1, lambda: repeats,
        (0.1, 3.0), lambda: None,
    )  # fmt: skip
    scorer = Ends(1)
    app = FastAPI()
    app.include_router(rewards.router(found))
    errors.install(app)
    return TestClient(app)


def test_lines_that_were_scored_are_answered_and_the_last_line_is_the_error(asked: TestClient) -> None:
    answer = asked.post("/api/v1/rewards/score", content=LINE * (rewards.BATCH + 1))
    *scored, last = map(json.loads, answer.text.splitlines())
    assert (answer.status_code, len(scored)) == (200, rewards.BATCH)
    assert last == {"error": "the process that scores replies ended: try again"}


def test_an_error_before_the_first_line_is_a_status(asked: TestClient) -> None:
    asked.post("/api/v1/rewards/score", content=LINE)
    answer = asked.post("/api/v1/rewards/score", content=LINE)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the process that scores replies ended: try again"
