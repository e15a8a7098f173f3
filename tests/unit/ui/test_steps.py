"""The three steps, from counts alone."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.expectation import Expected
from feedback_app.domain.round import RoundState
from feedback_app.services.rounds.readiness import Readiness
from feedback_app.ui.shared.navigation import GROUPS, Group, Place, head_html
from feedback_app.ui.shared.readiness_view import readiness_line
from feedback_app.ui.shared.steps import Standing, about, steps, steps_html

STANDINGS = st.builds(
    Standing,
    votes=st.integers(0, 10_000),
    needed=st.integers(0, 500),
    expected=st.none() | st.builds(Expected, st.floats(0, 1e5), st.booleans()),
    state=st.none() | st.sampled_from(RoundState),
    percent=st.floats(0, 100),
    seconds_left=st.none() | st.floats(0, 1e5),
    version=st.sampled_from(["", "dpo-1"]),
)


@given(STANDINGS)
def test_one_step_is_current_those_before_it_are_done_and_none_after_it_is(now: Standing) -> None:
    shown = steps(now)
    assert sum(step.current for step in shown) == 1
    at = [step.current for step in shown].index(True)
    assert all(step.done for step in shown[:at])
    assert not any(step.done for step in shown[at + 1 :])
    assert all(step.progress for step in shown)


def test_at_first_one_ranks_and_is_told_how_long_that_takes() -> None:
    rank, train, chat = steps(Standing(votes=1, needed=9))
    assert (rank.current, rank.progress) == (True, "1 vote, about 9 more: about 3 min")
    assert train.progress == "a few minutes"
    assert chat.progress == "with your own version"


def test_with_enough_votes_a_round_can_start_and_the_estimate_is_told() -> None:
    rank, train, _ = steps(Standing(votes=10, needed=0, expected=Expected(200)))
    assert (rank.done, rank.progress) == (True, "10 votes")
    assert (train.current, train.progress) == (True, "ready: about 4 min")


def test_the_arena_counts_the_same_votes() -> None:
    rank, *_ = steps(Standing(votes=3, needed=7))
    line = readiness_line(Readiness(decided=3, pairs=2, min_pairs=8, needed_more=7))
    for count in ("3 votes", "bout 7 more"):
        assert count in rank.progress
        assert count in line


def test_the_first_estimate_is_an_upper_bound() -> None:
    _, train, _ = steps(Standing(votes=10, needed=0, expected=Expected(700, first=True)))
    assert train.progress == "ready: up to 12 min"


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (Standing(11, 0, state=RoundState.queued), "a round is waiting to start"),
        (Standing(11, 0, state=RoundState.running, percent=42.4), "42 %"),
        (Standing(11, 0, state=RoundState.running, percent=42, seconds_left=90), "42 %, about 2 min left"),
        (Standing(11, 0, state=RoundState.failed), "the last round failed: see why"),
        (Standing(11, 0, state=RoundState.held), "the last version was not kept: see why"),
        (Standing(11, 0, state=RoundState.cancelled), "ready: a few minutes"),
        (Standing(11, 0, state=RoundState.running, version="dpo-1"), "0 %"),
    ],
)
def test_the_second_step_says_where_the_round_stands(now: Standing, told: str) -> None:
    _, train, _ = steps(now)
    assert (train.current, train.progress) == (True, told)


def test_with_a_version_of_ones_own_one_chats() -> None:
    rank, train, chat = steps(Standing(20, 0, state=RoundState.promoted, version="dpo-1"))
    assert (rank.done, train.done, chat.current, chat.progress) == (True, True, True, "talk with dpo-1")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "about 1 min"), (61, "about 2 min"), (5340, "about 89 min"), (5401, "about 2 h")],
)
def test_durations_are_told_roughly(seconds: float, told: str) -> None:
    assert about(seconds) == told


class Links(HTMLParser):
    """The addresses of the links, and which of them are marked as the current page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.to: list[str] = []
        self.current: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_ = dict(attrs)
        if tag == "a":
            self.to.append(given_["href"] or "")
            if given_.get("aria-current") == "page":
                self.current.append(given_["href"] or "")


@pytest.mark.parametrize("place", [place for group in GROUPS for place in group.places], ids=lambda p: p.name)
def test_the_head_links_to_every_page_and_marks_the_current_one(place: Place) -> None:
    links = Links(head_html(place))
    assert links.current == [f"./{place.path}"]
    assert {f"./{p.path}" for group in GROUPS for p in group.places} <= set(links.to)


def test_names_and_what_is_told_are_text() -> None:
    bad = Place("<b>", "x")
    assert "<b>" not in head_html(bad, [Group("<i>", (bad, bad))])
    assert "<script>" not in steps_html(steps(Standing(11, 0, version="<script>")))
