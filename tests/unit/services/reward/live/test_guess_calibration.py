"""Guesses against verdicts, and what the pages say about them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.domain.guess import Guess, marked
from feedback_app.domain.repeats import RankedPair, choice_of
from feedback_app.services.arena.repeats import SelfAgreement, compare_rankings, self_agreement, swapped
from feedback_app.services.reward.guess_calibration import guess_accuracy
from feedback_app.services.reward.live_reward import LiveState
from feedback_app.services.shares import Share, share
from feedback_app.ui.arena.view import guess_line, repeat_line
from feedback_app.ui.reward.view import live_calibration, live_curves, live_state, live_summary
from tests.unit.services.reward.live.examples import ALL_BAD, LONGER_WON, SHORTER_WON, TIE, opened

NOBODY = SelfAgreement(Share(0, 0), 0)
ON = LiveState(True, True, 12, 0, 0)


def ranked(ranking: Ranking) -> Comparison:
    return replace(opened(), ranking=ranking)


def guess(*chances: float) -> Guess:
    return Guess("any", chances, 12)


@pytest.mark.parametrize(
    ("ranking", "chances", "correct", "chosen"),
    [
        (LONGER_WON, (0.7, 0.3), 1, 0.7),
        (SHORTER_WON, (0.7, 0.3), 0, 0.3),
        (TIE, (0.7, 0.3), 0.5, None),
        (LONGER_WON, (0.5, 0.5), 0.5, 0.5),
        (ALL_BAD, (0.7, 0.3), None, None),
    ],
)
def test_a_guess_is_right_wrong_or_neither(
    ranking: Ranking, chances: tuple[float, float], correct: float | None, chosen: float | None
) -> None:
    held = marked(guess(*chances), ranked(ranking))
    assert (held.correct, held.chosen_probability) == (correct, chosen)
    assert marked(held, opened()) == guess_at(held)


def guess_at(held: Guess) -> Guess:
    return replace(held, correct=None, chosen_probability=None)


@pytest.mark.parametrize(
    ("ranking", "chances", "line"),
    [
        (SHORTER_WON, (0.731, 0.269), "I guessed you would choose A (73 %)."),
        (LONGER_WON, (0.2, 0.8), "I guessed you would choose B (80 %)."),
        (TIE, (0.6, 0.4), "I guessed you would choose A (60 %), not a tie."),
        (ALL_BAD, (0.6, 0.4), "I would have guessed A (60 %)."),
        (LONGER_WON, (0.5, 0.5), "I could not tell A and B apart (50 %)."),
    ],
)
def test_the_line_after_the_vote_says_what_was_guessed(
    ranking: Ranking, chances: tuple[float, float], line: str
) -> None:
    assert guess_line(ranked(ranking), guess(*chances)) == line


def test_where_nothing_was_guessed_or_judged_there_is_no_line() -> None:
    assert guess_line(ranked(TIE), None) == guess_line(opened(), guess(0.7, 0.3)) == repeat_line(None) == ""


@pytest.mark.parametrize(
    ("first", "second", "how"),
    [
        (LONGER_WON, SHORTER_WON, "same"),  # the sides changed
        (LONGER_WON, LONGER_WON, "reversed"),
        (TIE, TIE, "same"),
        (TIE, LONGER_WON, "tie"),
        (ALL_BAD, LONGER_WON, "bad"),
        (ALL_BAD, ALL_BAD, "same"),
    ],
)
def test_a_pair_that_came_back_was_judged_the_same_way_or_not(
    first: Ranking, second: Ranking, how: str
) -> None:
    original = ranked(first)
    repeat = replace(swapped(original), ranking=second)
    assert compare_rankings(original, repeat) == how
    assert repeat_line(compare_rankings(original, repeat)).startswith("You have judged this pair before: ")
    assert compare_rankings(original, swapped(original)) is None


def ranked_pair(original: Comparison, repeat: Comparison) -> RankedPair:
    first, second = choice_of(original), choice_of(repeat)
    assert first is not None
    assert second is not None
    return RankedPair(original.id, repeat.id, first, second)


def test_agreement_with_oneself_counts_pairs_preferred_both_times() -> None:
    cases = [(LONGER_WON, SHORTER_WON)] * 3 + [(LONGER_WON, LONGER_WON), (TIE, TIE), (TIE, LONGER_WON)]
    pairs = [(ranked(a), replace(swapped(ranked(a)), ranking=b)) for a, b in [*cases, (ALL_BAD, TIE)]]
    found = self_agreement(ranked_pair(*pair) for pair in pairs)
    assert (found.same.hits, found.same.trials, found.ties) == (3, 4, 2)


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert (share(8, 10).low, share(8, 10).high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0, 1)


def held(*given: tuple[float, float]) -> list[Guess]:
    """Guesses of these confidences and marks."""
    return [replace(guess(sure, 1 - sure), correct=correct) for sure, correct in given]


def test_knowledge_leaves_ties_and_longer_rankings_out_and_tells_apart_how_pairs_were_selected() -> None:
    guesses = held((0.7, 1), (0.7, 0), (0.9, 1), (0.6, 0.5))
    known = guess_accuracy(
        [(guesses[0], "random"), *((g, "active") for g in guesses[1:]), (guess(0.5, 0.3, 0.2), "random")]
    )
    assert (known.overall.hits, known.overall.trials, known.ties) == (2, 3, 1)
    assert (known.drawn.trials, known.chosen.trials) == (1, 2)
    assert [(found.low, found.right.trials) for found in known.bins] == [(0.7, 2), (0.9, 1)]
    assert known.error == pytest.approx((2 * 0.2 + 0.1) / 3)
    assert [point.overall for point in known.curve] == pytest.approx([1, 1 / 2, 2 / 3])


@settings(derandomize=True, deadline=None, max_examples=30)
@given(marks=st.lists(st.booleans(), min_size=1, max_size=130))
def test_the_curve_ends_at_the_accuracy_of_the_last_fifty_and_of_all(marks: list[bool]) -> None:
    known = guess_accuracy([(g, "random") for g in held(*((0.8, float(mark)) for mark in marks))])
    last = known.curve[-1]
    assert (last.votes, last.recent, last.overall) == pytest.approx(
        (len(marks), known.recent.value, known.overall.value)
    )
    assert known.recent.trials == min(50, len(marks))


def test_the_page_says_what_to_do_while_nothing_was_guessed() -> None:
    nothing = guess_accuracy([])
    assert "No guesses yet" in live_summary(ON, nothing, NOBODY)
    assert "CODELYNN_LIVE_REWARD" in live_summary(LiveState(False, False, 0, 0, 0), nothing, NOBODY)
    assert nothing.error is None


def test_the_page_tells_accuracy_calibration_and_agreement() -> None:
    known = guess_accuracy([(g, "random") for g in held(*[(0.8, 1)] * 3, (0.8, 0))])
    told = live_summary(ON, known, SelfAgreement(share(9, 10), 1))
    assert "75%" in told
    assert "90%" in told
    assert "calibration error: 0.050" in told
    assert len(live_curves(known)) == 8
    assert list(live_calibration(known)["line"]) == ["guesses", "ideal", "ideal"]
    assert "Learned from 12 votes · catching up, 3 to go" in live_state(LiveState(True, True, 12, 3, 0))
    assert "1 step of the live reward model failed" in live_state(LiveState(True, False, 0, 0, 1))
