"""How many examples a round uses."""

import pytest

from alignment.contract.amounts import Amounts
from alignment.contract.durations import stage_seconds
from alignment.contract.methods import METHODS, round_config
from alignment.contract.sampling import (
    FEWEST,
    MOST,
    SENSIBLE_SECONDS,
    affordable,
    limited,
    limits_of,
    with_sample,
)
from alignment.contract.snapshot.sample import MOST_HELDOUT

MILLION = Amounts(
    pairs=10**6, heldout=170_000, good=10**6, bad=10**6, demonstrations=10**6, reward_model=True
)
FEW = Amounts(pairs=40, heldout=7, good=10, bad=3, demonstrations=5)


@pytest.mark.parametrize("method", METHODS)
def test_with_few_examples_every_round_uses_all(method: str) -> None:
    config = round_config(method, {})
    assert with_sample(config, FEW, 2.0) is config
    assert limited(FEW, config) == FEW


@pytest.mark.parametrize("method", ["dpo", "sft", "reward"])
def test_with_a_million_a_round_takes_a_sensible_time(method: str) -> None:
    config = with_sample(round_config(method, {}), MILLION, 1.5)
    assert isinstance(config.max_pairs, int)
    seconds = 1.5 * sum(stage_seconds(config, limited(MILLION, config)).values())
    assert 0.95 * SENSIBLE_SECONDS < seconds <= SENSIBLE_SECONDS
    assert limited(MILLION, config).heldout == MOST_HELDOUT


def test_a_fast_machine_uses_more_and_a_slow_one_never_too_few() -> None:
    dpo = round_config("dpo", {})
    assert affordable(dpo, MILLION, 1e-6) == MOST
    assert (
        affordable(dpo, MILLION, 1.0)
        > affordable(dpo, MILLION, 2.0)
        > affordable(dpo, MILLION, 1e6)
        == FEWEST
    )


def test_a_number_that_was_asked_for_is_kept() -> None:
    dpo = round_config("dpo", {"max_pairs": 77})
    assert with_sample(dpo, MILLION, 1.0) is dpo
    assert limits_of(dpo).train == limited(MILLION, dpo).pairs == 77


def test_a_sample_of_ratings_keeps_the_share_of_good_ones() -> None:
    amounts = Amounts(good=900_000, bad=100_000)
    used = limited(amounts, round_config("kto", {"max_pairs": 1000}))
    assert (used.good, used.bad) == (900, 100)
