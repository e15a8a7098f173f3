"""The live reward model learns a taste from one ranking after another."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_model.live import LiveRewardModel

PROMPT = ({"role": "user", "content": "How was it?"},)
COLD, WARM = "It was done.", "Thank you so much, it was lovely! :)"


def taught(model: LiveRewardModel, count: int, warm: bool = True) -> LiveRewardModel:
    draw = random.Random(0)
    for number in range(count):
        cold = COLD + " Yes." * draw.randrange(3)
        replies, places = ((cold, WARM), (1, 0)) if warm else ((cold, WARM), (0, 1))
        model.learn(f"{count}-{number}", PROMPT, replies, places)
    return model


def warmth(model: LiveRewardModel) -> float:
    chances = model.chances(PROMPT, (WARM, COLD))
    assert chances is not None
    return chances[0]


def test_nothing_is_guessed_before_anything_was_learned() -> None:
    model = LiveRewardModel()
    assert model.chances(PROMPT, (COLD, WARM)) is None
    assert model.informative_pair(PROMPT, (COLD, WARM, "x"), [(1, 2), (0, 1)]) == (1, 2)


def test_a_taste_is_guessed_and_more_surely_with_more_rankings() -> None:
    few, many = warmth(taught(LiveRewardModel(), 2)), warmth(taught(LiveRewardModel(), 40))
    assert 0.5 < few < many
    assert many > 0.75


def test_it_does_not_matter_on_which_side_a_reply_stands() -> None:
    model = taught(LiveRewardModel(), 10)
    assert model.chances(PROMPT, (COLD, WARM)) == pytest.approx((1 - warmth(model), warmth(model)))


def test_the_chances_of_four_replies_add_up_to_one_and_the_best_leads() -> None:
    chances = taught(LiveRewardModel(), 20).chances(PROMPT, (COLD, WARM, "It was done.", "No."))
    assert chances is not None
    assert sum(chances) == pytest.approx(1)
    assert max(chances) == chances[1]


def test_a_ranking_taken_back_is_forgotten_and_a_new_one_takes_its_place() -> None:
    model = taught(LiveRewardModel(), 1)
    model.learn("1-0", PROMPT, (COLD, WARM), (0, 1))
    assert model.votes == 1
    assert warmth(model) < 0.5
    model.forget("1-0")
    model.forget("never learned")
    assert model.chances(PROMPT, (COLD, WARM)) is None


def test_rankings_the_other_way_round_cancel_out() -> None:
    model = taught(taught(LiveRewardModel(), 10), 11, warm=False)
    taught(model, 12)
    assert 0.4 < warmth(model) < 0.75


def test_ties_alone_teach_no_preference_but_count_beside_others() -> None:
    model = LiveRewardModel()
    model.learn("tie", PROMPT, (COLD, WARM), (0, 0))
    assert model.chances(PROMPT, (COLD, WARM)) is None
    taught(model, 5)
    assert warmth(model) > 0.5


def test_equal_replies_say_nothing() -> None:
    model = LiveRewardModel()
    model.learn("same", PROMPT, (WARM, WARM), (0, 1))
    assert model.votes == 0


def test_a_long_run_of_single_rankings_ends_where_one_fit_of_all_does() -> None:
    model, at_once = LiveRewardModel(), taught(LiveRewardModel(), 30)
    for number in range(30):
        taught(model, number + 1)
        model.chances(PROMPT, (WARM, COLD))
    assert warmth(at_once) == pytest.approx(warmth(taught(LiveRewardModel(), 30)))
    assert warmth(model) > warmth(at_once)


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40), st.integers(-1, 1)), max_size=8))
def test_any_replies_can_be_learned_and_guessed(rankings: list[tuple[str, str, int]]) -> None:
    model = LiveRewardModel()
    for number, (first, second, way) in enumerate(rankings):
        model.learn(str(number), PROMPT, (first, second), (max(way, 0), max(-way, 0)))
        chances = model.chances(PROMPT, (first, second))
        assert chances is None or sum(chances) == pytest.approx(1)
