"""What `codelynn round` says of a round."""

from typing import Any

import pytest

from feedback_app.commands.common import WrongUse, duration, moment
from feedback_app.commands.rounds import expectation, lines, overrides, place
from feedback_app.domain.expectation import Expected
from feedback_app.ui.rounds.view import estimate

WAITING = {"id": "aaaaaaaa-1", "method": "kto", "state": "queued"}
RUNNING = {"id": "bbbbbbbb-2", "method": "dpo", "state": "running"}


def told(**fields: Any) -> list[str]:
    base = {
        "id": "12345678-9",
        "method": "dpo",
        "state": "queued",
        "stage": "",
        "step": 0,
        "total": 0,
        "percent": 0.0,
        "seconds_left": None,
        "checkpoint": None,
        "decision": None,
        "error": "",
        "cancel_requested": False,
        "ahead": [],
        "expected_seconds": None,
        "expected_first": False,
    }
    return lines(base | fields)


def test_a_queued_round_says_its_place_what_runs_and_how_long_it_will_take() -> None:
    first, second, third = told(ahead=[RUNNING, WAITING], expected_seconds=200.0)
    assert first == "12345678  dpo  queued"
    assert second == "number 3 in the queue; round bbbbbbbb (dpo) is running"
    assert third == "About 4 minutes, like the last round of this kind."
    assert place([]) == "it is next"


def test_before_the_first_round_the_estimate_is_an_upper_bound_in_the_words_of_the_page() -> None:
    first = expectation({"expected_seconds": 700.0, "expected_first": True})
    assert "the first round may take up to 12 minutes" in first
    assert first in estimate(Expected(700.0, first=True))
    assert "a model that is prepared" in expectation({"expected_seconds": None, "expected_first": False})


def test_a_running_round_says_its_stage_and_the_time_left() -> None:
    (_, line) = told(state="running", stage="train", step=3, total=10, percent=31.4, seconds_left=61.0)
    assert line == "train, step 3 of 10: 31 %, about 1 min 1 s left"
    assert told(state="running", cancel_requested=True)[1].endswith(
        "time left not known yet; it is being stopped"
    )


def test_a_round_that_ended_says_what_was_decided_and_why() -> None:
    ended = told(state="held", checkpoint="dpo-1", decision={"reasons": ["too long", "too sure"]}, error="")
    assert ended[1:] == [
        "version dpo-1",
        "Held back: did not pass the quality checks",
        "  – too long",
        "  – too sure",
    ]
    assert told(state="failed", error="out of memory")[-1] == "out of memory"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (3900, "1 h 5 min")],
)
def test_durations_are_said_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_missing_moment_is_nothing() -> None:
    assert moment(None) == ""
    assert len(moment("2026-11-28T12:00:00+00:00")) == len("2026-11-28 12:00")


def test_settings_are_read_as_json_or_as_text() -> None:
    assert overrides(["beta=0.2", "reward=true", "loss=ipo", "x=a=b"]) == {
        "beta": 0.2, "reward": True, "loss": "ipo", "x": "a=b",
    }  # fmt: skip
    with pytest.raises(WrongUse, match="name=value"):
        overrides(["beta"])
