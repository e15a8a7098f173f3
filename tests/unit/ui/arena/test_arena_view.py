"""The sentences and HTML of the Arena page about a vote and the turns before it."""

from dataclasses import replace

import pytest

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.services.arena.comparisons import EDIT, EarlierTurn, earlier_turns
from feedback_app.store import Store
from feedback_app.ui.arena.board import board, ways_to_continue
from feedback_app.ui.arena.view import origin, ranking_line

A_WON = Ranking((("c1",), ("c2",)))
TIE = Ranking((("c1", "c2"),))
NAMES = {"base": "base model", "dpo-1": "version 1, today"}


def name(version: str) -> str:
    return NAMES[version]


def pair(*models: str, ranking: Ranking | None = A_WON, finish: str = "stop") -> Comparison:
    replies = tuple(
        Candidate(f"c{i}", i, model, f"Reply {i}.", finish=finish)  # type: ignore[arg-type]
        for i, model in enumerate(models or ("dpo-1", "base"), start=1)
    )
    status = ComparisonStatus.ranked if ranking else ComparisonStatus.open
    return Comparison((Message("user", "Hello?"),), replies, status=status, ranking=ranking)


@pytest.mark.parametrize(
    ("comparison", "line"),
    [
        (pair(), "You ranked A > B. A was version 1, today; B was the base model."),
        (pair("base", "base"), "You ranked A > B. Both replies are from the base model."),
        (pair("dpo-1", "dpo-1", ranking=TIE), "A tie. Both replies are from version 1, today."),
        (
            pair("base", "base", ranking=replace(TIE, all_bad=True)),
            "All bad. Both replies are from the base model.",
        ),
        (
            pair("base", "base", ranking=replace(TIE, edit="Mine.")),
            "Saved. The next round can learn from your version. Both replies are from the base model.",
        ),
        (
            pair("base", "base", ranking=replace(A_WON, edit="Mine.")),
            "You ranked A > B. The next round can learn from your version. Both replies are from the base model.",
        ),
        (pair(ranking=None), "Skipped."),
    ],
)
def test_after_the_vote_one_line_says_what_was_chosen_and_who_wrote_it(
    comparison: Comparison, line: str
) -> None:
    assert ranking_line(comparison, name) == line


def test_a_reply_that_was_cut_off_is_marked_and_no_model_is_named_before_the_vote() -> None:
    cut = board(pair(ranking=None, finish="length"), name)
    assert cut["cards"].count("Cut off at 128 tokens") == 2
    assert "version 1" not in cut["cards"]
    assert "Cut off" not in board(pair(ranking=None), name)["cards"]
    assert '<span class="model" title="dpo-1">version 1, today</span>' in board(pair(), name)["cards"]


def follow_up(store: Store, reply: str, ranking: Ranking = A_WON) -> tuple[Comparison, Comparison]:
    first = pair(ranking=None)
    store.comparisons.add(first)
    ranked = store.comparisons.rank(first.id, ranking, [])
    messages = (*first.messages, Message("assistant", reply), Message("user", "And then?"))
    return ranked, replace(pair(ranking=None), messages=messages, id="second")


def test_the_origin_of_an_earlier_reply_is_shown_with_its_vote(store: Store) -> None:
    first, second = follow_up(store, "Reply 1.")
    assert earlier_turns(store, second) == {1: EarlierTurn(first, "c1")}
    shown = board(second, name, earlier=earlier_turns(store, second))["asked"]
    assert "A was your choice over B. A was version 1, today; B was the base model." in shown


def test_a_turn_that_continued_with_the_owners_version_says_so(store: Store) -> None:
    first, second = follow_up(store, "Mine.", replace(A_WON, edit="Mine."))
    assert earlier_turns(store, second) == {1: EarlierTurn(first, EDIT)}
    line = origin(EarlierTurn(first, EDIT), name)
    assert line == "Your version, instead of A and B. A was version 1, today; B was the base model."


def test_turns_that_were_not_ranked_here_have_no_origin(store: Store) -> None:
    _, second = follow_up(store, "Something else.")
    assert earlier_turns(store, second) == {}
    assert earlier_turns(store, pair()) == {}


@pytest.mark.parametrize("ranking", [TIE, replace(TIE, all_bad=True)])
def test_without_a_preference_the_earlier_replies_are_level(ranking: Ranking) -> None:
    turn = EarlierTurn(pair(ranking=ranking), "c2")
    assert origin(turn, name) == "B was level with A. A was version 1, today; B was the base model."


def test_each_way_to_continue_shows_the_conversation_up_to_its_reply() -> None:
    (way,) = ways_to_continue(pair(), name, {})
    assert (way["reply"], way["label"]) == ("c1", "A")
    assert way["thread"].index("Hello?") < way["thread"].index("Reply 1.")
    (mine,) = ways_to_continue(pair(ranking=replace(A_WON, edit="Mine & yours.")), name, {})
    assert mine["reply"] == EDIT
    assert "Mine &amp; yours." in mine["thread"]
