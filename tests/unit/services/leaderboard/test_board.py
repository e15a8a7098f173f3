"""The leaderboard on a real store: what counts, what is kept, what is said of few votes."""

from dataclasses import replace

import pytest

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Ranking
from feedback_app.domain.pairwise_outcomes import ENOUGH
from feedback_app.services.leaderboard.design_matrix import design_matrix
from feedback_app.services.leaderboard.leaderboard import OWNER, Board, Leaderboard, board
from feedback_app.store import Store
from tests.unit.services.leaderboard.leagues import Planted, apart, pair
from tests.unit.services.reward.live.examples import ALL_BAD, LONGER_WON, SHORTER_WON, TIE, opened


def met(number: int, ranking: Ranking | None = LONGER_WON, **changes: object) -> Comparison:
    """Base wrote the long reply on the left, dpo-1 the short one on the right."""
    pair = opened(number)
    candidates = pair.candidates[0], replace(pair.candidates[1], model="dpo-1")
    status = ComparisonStatus.open if ranking is None else ComparisonStatus.ranked
    return replace(pair, id=f"{number:03}", candidates=candidates, ranking=ranking, status=status, **changes)  # type: ignore[arg-type]


def test_an_empty_store_gives_an_empty_board(store: Store) -> None:
    assert Leaderboard(store).board() == Board()


def test_wins_votes_and_matrix_are_counted_with_base_at_1000(store: Store) -> None:
    verdicts = [LONGER_WON] * 3 + [SHORTER_WON] + [TIE]
    store.comparisons.add_all([met(i, verdict) for i, verdict in enumerate(verdicts)])
    found = Leaderboard(store).board()
    base, other = found.standings
    assert (base.model, base.score, base.low, base.high) == ("base", 1000, 1000, 1000)
    assert (other.votes, other.wins) == (5, 1.5)
    assert (found.points, found.votes) == (((0, 3.5), (1.5, 0)), ((0, 5), (5, 0)))
    assert (found.comparisons, found.pairs, found.enough, other.enough) == (5, 5, False, False)


def test_what_was_chosen_came_back_was_all_bad_or_not_blind_does_not_count(store: Store) -> None:
    named, active = met(4, selection="named"), met(1, selection="active")
    out = [active, met(2, repeat_of="000"), met(3, ALL_BAD), named]
    store.comparisons.add_all([met(0), *out])
    assert Leaderboard(store).board().pairs == 1


def test_rankings_of_others_count_where_the_owner_gave_none_and_never_as_mine(store: Store) -> None:
    anna, bert = replace(SHORTER_WON, annotator="anna"), replace(SHORTER_WON, annotator="bert")
    store.comparisons.add_all([met(0, others=(anna,)), met(1, None, others=(anna, bert))])
    leaderboard = Leaderboard(store)
    assert [(row.model, row.wins, row.votes) for row in leaderboard.board().standings] == [
        ("dpo-1", 2, 3),
        ("base", 1, 3),
    ]
    assert leaderboard.board().comparisons == 2
    assert leaderboard.board(OWNER).pairs == 1


def test_a_board_is_kept_until_a_ranking_changes(store: Store) -> None:
    store.comparisons.add_all([met(0), met(1)])
    leaderboard = Leaderboard(store)
    kept = leaderboard.board()
    assert leaderboard.board() is kept
    store.comparisons.rank("001", replace(SHORTER_WON, created_at=LONGER_WON.created_at), ())
    assert leaderboard.board() != kept  # the same number of rankings, of the same dates
    store.comparisons.rank("001", Ranking(TIE.groups), ())
    assert leaderboard.board().standings[1].wins == 0.5
    store.comparisons.unrank("001", ())
    assert leaderboard.board().pairs == 1


def test_the_leader_among_many_has_enough_votes_and_the_effects_are_told() -> None:
    found = board(Planted(models=3).design_matrix(400, seed=0))
    assert [row.model for row in found.standings] == ["m2", "m1", "m0"]
    assert found.enough
    assert all(row.enough for row in found.standings)
    assert found.length is not None
    assert found.length.low < 0.6 < found.length.high
    assert sum(row.score for row in found.standings) / 3 == pytest.approx(1000)


def test_a_newcomer_with_few_votes_is_told_apart_from_those_with_enough() -> None:
    old = Planted(models=2).design_matrix(100, seed=0)
    new = apart(*[pair("m0", "new", 1)] * (ENOUGH - 1))
    enough = {row.model: row.enough for row in board(old + new).standings}
    assert enough == {"m0": True, "m1": True, "new": False}


def test_shares_are_of_wins_with_ties_as_half() -> None:
    assert design_matrix(apart(pair("a", "b", 1), pair("a", "b", 0.5))).shares() == {"a": 0.75, "b": 0.25}
