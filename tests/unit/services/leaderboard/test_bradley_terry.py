"""Planted leagues are recovered, and the intervals mean what they say."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from feedback_app.domain.pairwise_outcomes import RankingOutcome
from feedback_app.services.leaderboard.bradley_terry import EFFECT_SD, STRENGTH_SD, Fitted, fitted
from feedback_app.services.leaderboard.design_matrix import CountedOutcomes, contingency_table, design_matrix
from tests.unit.services.leaderboard.leagues import Planted, apart, pair

NAMES = st.sampled_from(["base", "dpo-1", "dpo-2"])


def outcomes(size: int) -> st.SearchStrategy[RankingOutcome]:
    """Of so many replies, of at least two models, none more than eight times as long as another."""
    several = st.lists(NAMES, min_size=size, max_size=size).filter(lambda names: len(set(names)) > 1)
    steps = st.lists(st.integers(0, 12), min_size=size - 1, max_size=size - 1).map(lambda some: [0, *some])
    places = st.lists(st.integers(0, 2), min_size=size, max_size=size)
    return st.builds(RankingOutcome, *(one.map(tuple) for one in (several, steps, places)))


SAID = st.lists(st.one_of(outcomes(2), outcomes(3)), min_size=1, max_size=3).map(tuple)
KINDS = st.lists(st.tuples(SAID, st.integers(1, 3)), min_size=1, max_size=6)


def fit(kinds: list[CountedOutcomes], draws: int = 1) -> tuple[Fitted, Fitted]:
    return fitted(contingency_table(design_matrix(kinds)), draws)


def gaps(strengths: np.ndarray) -> np.ndarray:
    """Differences to the first."""
    return strengths[1:] - strengths[0]


def test_planted_strengths_length_and_side_are_recovered() -> None:
    planted = Planted(models=5)
    _, adjusted = fit(planted.design_matrix(3000, seed=1))
    assert gaps(adjusted.point[:5]) == pytest.approx(gaps(planted.strengths), abs=0.25)
    assert adjusted.point[5] == pytest.approx(0.4, abs=0.08)
    assert adjusted.point[6] == pytest.approx(0.3, abs=0.08)


def test_without_the_adjustment_the_wordy_look_stronger() -> None:
    plain, adjusted = fit(Planted(models=3, length=1.0).design_matrix(2000, seed=2))
    assert np.ptp(plain.point) > 1.2 > np.ptp(adjusted.point[:3])


def test_effects_that_are_not_there_are_not_found() -> None:
    _, adjusted = fit(Planted(length=0, left=0).design_matrix(2000, seed=3), draws=200)
    low, high = np.percentile(adjusted.draws[5:], [2.5, 97.5], axis=1)
    assert (low < 0).all()
    assert (high > 0).all()


def test_rankings_of_four_recover_strengths_too() -> None:
    planted = Planted(models=6, left=0)
    _, adjusted = fit(planted.design_matrix(1000, seed=4, replies=4))
    assert gaps(adjusted.point[:6]) == pytest.approx(gaps(planted.strengths), abs=0.2)


def test_many_ties_bring_models_closer_but_keep_their_order() -> None:
    planted = Planted(models=4, length=0, left=0, ties=0.4)
    plain, _ = fit(planted.design_matrix(2000, seed=5))
    assert list(np.argsort(plain.point)) == [0, 1, 2, 3]
    assert np.ptp(plain.point) < 1


@pytest.mark.parametrize("replies", [2, 4])
def test_intervals_cover_what_was_planted(replies: int) -> None:
    """95 % in the long run; of 40 leagues with 6 intervals each, between 90 and 99 %."""
    planted = Planted(models=5, left=0)
    truth = np.r_[gaps(planted.strengths), planted.length, planted.left]
    covered = []
    for seed in range(40):
        _, adjusted = fit(planted.design_matrix(100, seed, replies), draws=100)
        drawn = np.vstack([gaps(adjusted.draws[:5]), adjusted.draws[5:]])
        low, high = np.percentile(drawn, [2.5, 97.5], axis=1)
        covered.append((low <= truth) & (truth <= high))
    assert 0.9 <= np.mean(covered) <= 0.99


def test_what_is_said_of_one_comparison_is_drawn_together() -> None:
    """Forty comparisons on each of which six say the same are far less certain than 240."""
    said = [pair("a", "b", float(i % 3 > 0)) for i in range(40)]
    together = fit([((one,) * 6, 1) for one in said], 400)[0]
    alone = fit([((one,), 6) for one in said], 400)[0]
    wide, narrow = (np.ptp(found.draws, axis=0).std() for found in (together, alone))
    assert narrow < wide / 1.5
    assert together.point == pytest.approx(alone.point)


def test_so_many_of_a_kind_are_as_many_comparisons() -> None:
    said = [(pair("a", "b", 1), 20), (pair("a", "b", 0), 10)]
    few = fit([((one,), count) for one, count in said])
    many = fit([((one,), 1) for one, count in said for _ in range(count)])
    assert few[1].point == pytest.approx(many[1].point)


def test_a_model_that_only_won_is_finite_and_its_interval_wide() -> None:
    plain, _ = fit(apart(*[pair("a", "b", 1)] * 5), draws=400)
    lead = plain.draws[0] - plain.draws[1]
    assert 1 < plain.point[0] - plain.point[1] < 5
    assert np.percentile(lead, 97.5) - np.percentile(lead, 2.5) > 3


def test_models_that_never_met_even_through_others_are_not_told_apart() -> None:
    pairs = [("a", "b", 1.0), ("a", "b", 0.0), ("c", "d", 1.0), ("c", "d", 0.0)] * 50
    plain, _ = fit(apart(*(pair(*given) for given in pairs)), draws=400)
    assert np.std(plain.draws[0] - plain.draws[2]) > 1.5
    assert np.std(plain.draws[0] - plain.draws[1]) < 0.4


def duels(kinds: list[CountedOutcomes]) -> list[tuple[str, str, float, float, float]]:
    """Left, right, score, doublings and weight of every pair, one by one."""
    return [
        (one.models[i], one.models[j], _score(one, i, j), (one.longer[i] - one.longer[j]) / 4, 2 / len(one.models))
        for said, count in kinds
        for one in said * count
        for i, j in combinations(range(len(one.models)), 2)
        if one.models[i] != one.models[j]
    ]  # fmt: skip


def _score(one: RankingOutcome, i: int, j: int) -> float:
    return 0.5 if one.places[i] == one.places[j] else float(one.places[i] < one.places[j])


@settings(max_examples=25, deadline=None)
@given(KINDS)
def test_the_point_is_where_a_general_optimiser_finds_it(kinds: list[CountedOutcomes]) -> None:
    found = fit(kinds)[1].point
    models, fought = design_matrix(kinds).models, duels(kinds)
    x = np.array([[(m == d[0]) - (m == d[1]) for m in models] + [d[3], 1] for d in fought])
    score, weight = np.array([d[2] for d in fought]), np.array([d[4] for d in fought])
    sd = np.r_[np.full(len(models), STRENGTH_SD), EFFECT_SD, EFFECT_SD]

    def loss(theta: np.ndarray) -> float:
        odds = x @ theta
        return float(weight @ (np.logaddexp(0, odds) - score * odds) + (theta / sd) @ (theta / sd) / 2)

    best = minimize(loss, np.zeros(len(sd)), method="BFGS", options={"gtol": 1e-7}).x
    assert found == pytest.approx(best, abs=2e-3)


def test_every_pair_of_the_matrix_adds_up() -> None:
    met = design_matrix(Planted(models=4, ties=0.3).design_matrix(300, seed=6))
    points, votes = met.matrix()
    assert votes.sum() == 2 * met.pairs == 600
    for i, j in combinations(range(4), 2):
        assert points[i, j] + points[j, i] == votes[i, j] == votes[j, i]


def test_a_length_beyond_eight_times_says_no_more() -> None:
    far, further = (fit(apart(*[pair("a", "b", 1, steps)] * 30))[1].point for steps in (12, 80))
    assert far == pytest.approx(further)
