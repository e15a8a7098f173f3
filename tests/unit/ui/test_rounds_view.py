"""What the Rounds page says."""

from datetime import UTC, datetime

import pytest

from feedback_app.domain.round import Round, RoundEvent
from feedback_app.ui.rounds.view import curve, decision, duration, measures, stage


def test_a_decision_shows_each_check_as_text_with_its_mark_and_how_far_the_update_was_scaled() -> None:
    lines = [
        {"name": "heldout", "passed": True, "words": "<b>1</b> of 2 pairs"},
        {"name": "kl", "passed": False, "words": "Too far"},
        {"name": "length", "passed": None, "words": "Not measured"},
    ]
    shown = decision({"promote": False, "reasons": [], "checks": lines, "evidence": {"scale": 1.8734}})
    assert "Held back: did not pass the quality checks" in shown
    assert "&lt;b&gt;1&lt;/b&gt; of 2 pairs" in shown
    assert "Update strength: 1.87×" in shown
    assert [mark for mark in shown if mark in "✓✗–"] == ["✓", "✗", "–"]


def test_a_reward_model_is_said_to_be_used_or_not() -> None:
    assert "Reward model trained: the quality checks use it" in decision({"promote": True}, "reward")
    assert "Reward model trained, but not used" in decision({"promote": False}, "reward")


@pytest.mark.parametrize("decided", [{"promote": False}, {"promote": False, "evidence": {"scale": 1.0}}])
def test_an_update_that_was_not_scaled_is_not_mentioned(decided: dict[str, object]) -> None:
    assert "Held back" in decision(decided)
    assert "Update strength" not in decision(decided)


@pytest.mark.parametrize(
    ("stage_", "words"),
    [("train", "training"), ("train-2", "training (2)"), ("gate", "quality checks"), ("", "")],
)
def test_stages_are_in_words(stage_: str, words: str) -> None:
    assert stage(Round(stage=stage_)) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (45, "45 s"), (200, "3 min 20 s"), (3900, "1 h 5 min")]
)
def test_durations_are_in_words(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_any_measure_of_the_trainer_can_be_drawn_and_the_score_comes_first() -> None:
    events = [
        RoundEvent(n, "train", n, 2, {"policy/clipfrac": 0.1 * n, "objective/scores": n}, datetime.now(UTC))
        for n in (1, 2)
    ]
    events.append(RoundEvent(3, "gate", 100, 100, {}, datetime.now(UTC)))
    assert measures(events) == ["objective/scores", "policy/clipfrac"]
    assert curve(events, "objective/scores").to_dict("list") == {"step": [1, 2], "value": [1, 2]}
    assert measures([]) == []
    assert curve([], "").empty


def test_the_steps_of_a_later_stage_follow_those_of_the_one_before() -> None:
    stages = [("train", 1), ("train", 2), ("draw-1", 1), ("train-1", 1), ("train-1", 2)]
    events = [
        RoundEvent(n, stage, step, 2, {"drawn/reward" if "draw" in stage else "loss": n}, datetime.now(UTC))
        for n, (stage, step) in enumerate(stages)
    ]
    assert curve(events, "loss").to_dict("list") == {"step": [1, 2, 3, 4], "value": [0, 1, 3, 4]}
    assert curve(events, "drawn/reward").to_dict("list") == {"step": [1], "value": [2]}
