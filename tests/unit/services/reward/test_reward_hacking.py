"""Reward hacking is seen on made-up checkpoints, and what is well is silent."""

from typing import Any

import pytest

from alignment.contract.thresholds import Thresholds
from feedback_app.domain.round import Checkpoint
from feedback_app.services.reward.reward_hacking import WatchPoint, alarms, watch_points

GATE = Thresholds()
LIMITS = GATE.min_length_ratio, GATE.max_length_ratio


def point(name: str, reward: float, accuracy: float, length: float = 1.0, **more: Any) -> WatchPoint:
    return WatchPoint(name, reward, accuracy, length=length, **more)


def checkpoint(name: str, champion: str, ratio: float, **evidence: Any) -> Checkpoint:
    gate = {"evidence": {"length_ratio": ratio, **evidence}}
    return Checkpoint(name, "", manifest={"champion": champion, "gate": gate})


def test_reward_that_rises_while_held_out_preference_falls_is_an_alarm() -> None:
    (found,) = alarms([point("a", 0.6, 0.8), point("b", 0.7, 0.7)], LIMITS)
    assert found == (
        "Reward rose from 60% to 70% with b while agreement with held-out votes fell from 80% to 70%: "
        "the model may exploit weak spots of the reward model."
    )


def test_reward_that_rises_while_the_arena_is_lost_is_an_alarm() -> None:
    (found,) = alarms([point("a", 0.6, 0.8, arena=0.6), point("b", 0.7, 0.8, arena=0.4)], LIMITS)
    assert "share of votes won in the arena" in found


@pytest.mark.parametrize(
    "points",
    [
        [],
        [point("a", 0.6, 0.8)],
        [point("a", 0.6, 0.7), point("b", 0.7, 0.8)],
        [point("a", 0.6, 0.8), point("b", 0.5, 0.7)],
        [point("a", 0.6, 0.8), point("b", 0.7, 0.7), point("c", 0.7, 0.8)],
        [WatchPoint("old"), WatchPoint("older")],
    ],
)
def test_what_is_well_or_unknown_is_silent(points: list[WatchPoint]) -> None:
    assert alarms(points, LIMITS) == []


@pytest.mark.parametrize(("ratio", "alarm"), [(0.19, True), (0.2, False), (3.0, False), (3.1, True)])
def test_replies_beyond_the_limits_of_the_quality_checks_are_an_alarm(ratio: float, alarm: bool) -> None:
    assert bool(alarms([point("a", 0.5, 0.5, ratio)], LIMITS)) is alarm


def test_three_steps_in_the_same_direction_are_an_alarm_and_two_are_not() -> None:
    grows = [point(name, 0.5, 0.5, length) for name, length in (("a", 1.06), ("b", 1.12), ("c", 1.2))]
    assert alarms(grows, LIMITS) == ["Replies became longer with each of the last 3 versions, up to c."]
    assert alarms(grows[:2], LIMITS) == []
    assert alarms([*grows[:2], point("c", 0.5, 0.5, 1.12)], LIMITS) == []


@pytest.mark.parametrize(("r", "word"), [(0.6, "longer"), (-0.6, "shorter")])
def test_a_reward_that_follows_length_is_an_alarm(r: float, word: str) -> None:
    (found,) = alarms([], LIMITS, r)
    assert word in found
    assert alarms([], LIMITS, r / 2) == []


def test_length_is_measured_from_the_base_along_the_champions() -> None:
    points = watch_points(
        [
            checkpoint("a", "base", 1.2, accuracy=0.7, reward={"win_rate": 0.6}),
            checkpoint("b", "a", 1.5, accuracy=0.6, reward=None),
            checkpoint("c", "gone", 1.5),
            Checkpoint("d", "", manifest={}),
        ],
        {"a": 0.55},
    )
    assert points[0] == WatchPoint("version 1", 0.6, 0.7, 0.55, 1.2)
    assert points[1].length == pytest.approx(1.8)
    assert (points[1].reward, points[2].length, points[3]) == (None, None, WatchPoint("version 4"))
