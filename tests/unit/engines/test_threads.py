"""How many threads a model gets."""

import pytest

from feedback_app.engines.threads import fewest_worth_it, usable_cores


@pytest.mark.parametrize(
    ("speeds", "threads"),
    [
        ({1: 39.0, 2: 21.0}, 1),
        ({1: 40.0, 2: 73.0}, 2),
        ({1: 40.0, 2: 41.0}, 1),
        ({1: 10.0, 4: 35.0, 8: 36.0}, 4),
        ({1: 10.0, 4: 9.0, 8: 30.0}, 8),
        ({3: 1.0}, 3),
    ],
)
def test_more_threads_are_used_only_where_they_pay(speeds, threads):
    assert fewest_worth_it(speeds) == threads


def test_there_is_always_a_core():
    assert usable_cores() >= 1
