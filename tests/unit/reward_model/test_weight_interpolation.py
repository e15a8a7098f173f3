"""How much of a training is kept, from pairs that it never learned from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_model.weight_interpolation import SHARES, likeliest_share

CHANCE = np.random.default_rng(0)


def told(share: float, helps: float, pairs: int = 300) -> list[float]:
    """Margins that are right more often, or less, the further training went."""
    right = CHANCE.random(pairs) < 0.6 + helps * share
    return [float(size if ok else -size) for ok, size in zip(right, CHANCE.random(pairs), strict=True)]


@pytest.mark.parametrize(("helps", "kept"), [(0.3, 1.0), (-0.3, 0.0)])
def test_training_that_helps_is_kept_and_what_harms_is_not(helps: float, kept: float) -> None:
    assert likeliest_share({share: told(share, helps) for share in SHARES}) == kept


def test_without_kept_pairs_it_is_the_middle() -> None:
    assert likeliest_share({share: [] for share in SHARES}) == 0.5


@given(st.lists(st.floats(-2, 2), max_size=2))
def test_a_pair_or_two_leave_it_off_the_ends(margins: list[float]) -> None:
    by_share = {share: [share * margin for margin in margins] for share in SHARES}
    assert likeliest_share(by_share) in (0.25, 0.5, 0.75)


def test_only_the_order_of_rewards_that_are_scaled_alike_counts() -> None:
    margins = {share: told(share, 0.1) for share in SHARES}
    doubled = {share: [1.2 * margin for margin in found] for share, found in margins.items()}
    assert likeliest_share(margins) == likeliest_share(doubled)
