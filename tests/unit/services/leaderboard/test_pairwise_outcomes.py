"""What a ranking says about the models of its replies."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.pairwise_outcomes import RankingOutcome, ShownReply, outcome_line, ranking_outcome
from feedback_app.services.leaderboard.design_matrix import design_matrix
from tests.unit.services.leaderboard.leagues import apart
from tests.unit.services.reward.live.examples import ALL_BAD, LONGER_WON, opened

REPLIES = [ShownReply("b", "dpo-1", 2, 400), ShownReply("a", "base", 1, 100), ShownReply("c", "base", 3, 0)]


def test_replies_stand_from_left_to_right_with_quarters_of_a_doubling() -> None:
    assert ranking_outcome(REPLIES[:2], [["b"], ["a"]]) == RankingOutcome(("base", "dpo-1"), (0, 8), (1, 0))


def test_an_empty_reply_counts_as_one_character() -> None:
    assert ranking_outcome([REPLIES[0], REPLIES[2]], [["b"], ["c"]]).longer == (0, -35)


NUMBERS = st.integers(-99, 99)


@given(st.lists(st.tuples(st.text(), NUMBERS, NUMBERS), min_size=2, max_size=4))
def test_a_line_gives_its_meeting_back(replies: list[tuple[str, int, int]]) -> None:
    said = RankingOutcome(*zip(*replies, strict=True))
    assert RankingOutcome.from_line(said.to_line()) == said


def test_a_tie_is_half_a_win_and_replies_of_one_model_say_nothing() -> None:
    met = design_matrix(apart(ranking_outcome(REPLIES, [["a"], ["b", "c"]])))
    assert met.models == ("base", "dpo-1")
    assert list(zip(met.points, met.side, met.steps, strict=True)) == [(1, 1, -8), (0.5, -1, -12)]


@pytest.mark.parametrize("n", [2, 3, 4, 9])
def test_a_ranking_weighs_as_much_as_the_choices_in_it(n: int) -> None:
    said = RankingOutcome(tuple(f"m{i}" for i in range(n)), (0,) * n, tuple(range(n)))
    assert np.sum(design_matrix(apart(said)).weight) == pytest.approx(n - 1)


def test_what_was_chosen_came_back_is_all_bad_or_of_one_version_has_no_meeting() -> None:
    one = opened(0)
    two = replace(one, candidates=(one.candidates[0], replace(one.candidates[1], model="dpo-1")))
    read = RankingOutcome.from_line(outcome_line(two, LONGER_WON))
    assert read is not None
    assert read.models == ("base", "dpo-1")
    assert outcome_line(one, LONGER_WON) == outcome_line(two, ALL_BAD) == ""
    assert outcome_line(replace(two, selection="active"), LONGER_WON) == ""
    assert outcome_line(replace(two, repeat_of="x"), LONGER_WON) == ""


@pytest.mark.parametrize(
    "line", ["never", "7", "[1]", "[[1],[0],[0]]", '[["a"],[null],[0]]', '[["a"],[],[0]]']
)
def test_a_damaged_line_is_no_outcome(line: str) -> None:
    assert RankingOutcome.from_line(line) is None
