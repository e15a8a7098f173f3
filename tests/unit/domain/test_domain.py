"""Rankings, preference pairs and the split of prompts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    InvalidPrompt,
    InvalidRanking,
    Message,
    Ranking,
    checked_prompt,
    checked_ranking,
)
from feedback_app.domain.preference import preference_pairs, prompt_key, ranked_replies, split_of


def comparison(n: int) -> Comparison:
    candidates = tuple(Candidate(f"c{i}", i, "base", text=f"reply {i}") for i in range(1, n + 1))
    return Comparison((Message("user", "How are you?"),), candidates)


@st.composite
def weak_orders(draw: st.DrawFn) -> tuple[Comparison, Ranking]:
    """A comparison of 2 to 5 candidates and any ranking of them, ties included."""
    shown = comparison(draw(st.integers(2, 5)))
    ranks = [draw(st.integers(0, 4)) for _ in shown.candidates]
    groups = [
        tuple(c.id for c, rank in zip(shown.candidates, ranks, strict=True) if rank == place)
        for place in range(5)
    ]
    return shown, Ranking(tuple(group for group in groups if group))


@given(weak_orders())
def test_every_two_candidates_are_a_pair_exactly_when_they_are_in_different_groups(
    case: tuple[Comparison, Ranking],
) -> None:
    shown, ranking = case
    place = {name: i for i, group in enumerate(ranking.groups) for name in group}
    pairs = preference_pairs(replace(shown, ranking=ranking))
    ids = {c.text: c.id for c in shown.candidates}
    assert all(place[ids[pair.chosen]] < place[ids[pair.rejected]] for pair in pairs)
    n = len(shown.candidates)
    tied = sum(len(group) * (len(group) - 1) // 2 for group in ranking.groups)
    assert len(pairs) == n * (n - 1) // 2 - tied


@given(weak_orders())
def test_checking_a_ranking_twice_changes_nothing(case: tuple[Comparison, Ranking]) -> None:
    shown, ranking = case
    once = checked_ranking(shown, ranking)
    assert checked_ranking(shown, once) == once


def test_all_bad_gives_no_pairs_and_is_kept_as_one_tie() -> None:
    shown = comparison(3)
    ranking = checked_ranking(shown, Ranking((), all_bad=True))
    assert ranking.groups == (("c1", "c2", "c3"),)
    assert preference_pairs(replace(shown, ranking=ranking)) == []


@pytest.mark.parametrize("all_bad", [False, True])
def test_a_rewrite_beats_every_reply_that_was_shown(all_bad: bool) -> None:
    shown = comparison(2)
    groups = () if all_bad else (("c2",), ("c1",))
    judged = replace(
        shown, ranking=checked_ranking(shown, Ranking(groups, all_bad=all_bad, edit="My own words."))
    )
    texts = {candidate.text for candidate in shown.candidates}
    pairs = preference_pairs(judged)
    assert {pair.rejected for pair in pairs if pair.chosen == "My own words."} == texts
    assert len(pairs) == (2 if all_bad else 3)
    assert all(pair.chosen_model == "" for pair in pairs if pair.chosen == "My own words.")
    ranked = ranked_replies(judged)[0]
    assert (ranked.replies[0], ranked.places) == ("My own words.", (0, 1, 1) if all_bad else (0, 2, 1))


def test_a_rewrite_that_repeats_a_reply_says_nothing_more() -> None:
    shown = comparison(2)
    same = Ranking((("c1",), ("c2",)), edit=f" {shown.candidates[0].text} ")
    assert len(preference_pairs(replace(shown, ranking=same))) == 1


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ((("c1",),), "missing: c2"),
        ((("c1",), ("c1", "c2")), "twice"),
        ((("c1",), ("c2",), ("c3",)), "no candidate 'c3'"),
        ((), "missing: c1, c2"),
    ],
)
def test_a_ranking_that_does_not_fit_is_refused_with_the_reason(
    groups: tuple[tuple[str, ...], ...], reason: str
) -> None:
    with pytest.raises(InvalidRanking, match=reason):
        checked_ranking(comparison(2), Ranking(groups))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [Message("user", "  \n")],
        [Message("user", "Hi"), Message("assistant", "Hello")],
        [Message("user", "Hi"), Message("system", "Be brief"), Message("user", "So?")],
    ],
)
def test_a_conversation_that_cannot_be_answered_is_no_prompt(messages: list[Message]) -> None:
    with pytest.raises(InvalidPrompt):
        checked_prompt(messages)


@given(st.text(min_size=1), st.floats(0.01, 0.99))
def test_spacing_case_and_persona_do_not_move_a_prompt_to_the_other_split(text: str, share: float) -> None:
    plain = [Message("user", text)]
    dressed = [Message("system", "You are Lynn."), Message("user", f"  {text} \n")]
    assert prompt_key(plain) == prompt_key(dressed)
    assert split_of(plain, share) == split_of(dressed, share)


@given(st.text(), st.floats(0.01, 0.5), st.floats(0.5, 0.99))
def test_a_held_out_prompt_stays_held_out_when_the_share_grows(text: str, small: float, large: float) -> None:
    prompt = [Message("user", text)]
    if split_of(prompt, small) == "heldout":
        assert split_of(prompt, large) == "heldout"


def test_the_same_verdict_at_another_time_is_the_same_verdict() -> None:
    first = Ranking((("c1",), ("c2",)), seconds=3.0)
    assert first.same_ranking(Ranking((("c1",), ("c2",)), seconds=9.0))
    assert not first.same_ranking(Ranking((("c2",), ("c1",))))
