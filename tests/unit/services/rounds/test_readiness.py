"""Whether a round can start, in counts and in words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.services.reward.guess_calibration import RoundAdvice
from feedback_app.services.rounds.readiness import Readiness, readiness, readiness_text, votes_needed
from feedback_app.services.shares import share
from feedback_app.ui.shared.readiness_view import readiness_line, readiness_summary

UNKNOWN = RoundAdvice(None, share(0, 0), False)
READY = Readiness(decided=10, pairs=8, min_pairs=8, needed_more=0)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (replace(READY, pairs=4, needed_more=5), "About 5 more votes until you can train a new version"),
        (replace(READY, pairs=7, needed_more=1), "About 1 more vote until you can train a new version"),
        (READY, "Ready to train"),
        (replace(READY, advice_after=14), "Ready to train; 14 more votes until I can advise when to train"),
        (replace(READY, worth_more=0), "Ready to train"),
        (replace(READY, worth_more=12), "Ready to train; about 12 more votes are worth waiting for"),
        (replace(READY, trained=True), "Ready to train again"),
        (
            replace(READY, trained=True, unlearned=0),
            "The last round learned from all your votes: rank more before the next one",
        ),
        (replace(READY, running=True), "A round is under way"),
    ],
)
def test_the_next_step_is_said_in_one_line(now: Readiness, words: str) -> None:
    assert readiness_text(now) == words
    assert words in readiness_line(now)


def test_it_leads_to_training_once_a_round_can_start_and_to_the_arena_before() -> None:
    assert 'href="rounds"' in readiness_line(READY)
    assert 'href="rounds"' not in readiness_line(replace(READY, pairs=1, needed_more=9))
    assert 'href="./"' in readiness_summary(replace(READY, pairs=1, needed_more=9))
    assert 'href="./"' not in readiness_summary(READY)


def test_about_ten_votes_fill_the_eight_pairs_of_a_round() -> None:
    now = readiness(0, 0, 8, 0.15, UNKNOWN)
    assert (now.needed_more, now.ready, now.advice_after) == (10, False, 20)
    assert readiness(9, 8, 8, 0.15, UNKNOWN).ready


def test_advice_comes_once_there_are_enough_guesses() -> None:
    assert readiness(10, 9, 8, 0.15, RoundAdvice(None, share(4, 6), False)).advice_after == 14
    assert readiness(30, 26, 8, 0.15, RoundAdvice(None, share(15, 30), False)).advice_after == 0
    assert readiness(30, 26, 8, 0.15, RoundAdvice(7, share(20, 30), False)).worth_more == 7


@given(st.integers(0, 1000), st.integers(1, 1000), st.floats(0, 0.9))
def test_it_is_ready_exactly_when_no_more_votes_are_needed(pairs: int, needed: int, fraction: float) -> None:
    now = readiness(pairs, pairs, needed, fraction, UNKNOWN)
    assert now.ready == (now.needed_more == 0)
    assert now.needed_more == votes_needed(needed - pairs, fraction) >= needed - pairs
    assert 0 <= now.share <= 1
