"""Which of two versions is warmer, by their replies to the same prompts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.tone import FEWEST, Warmth, tone_evidence, warmer, warmth

WARMTHS = st.builds(Warmth, st.integers(0, 40), st.integers(1, 200))


@pytest.mark.parametrize(
    ("warm", "cool"),
    [
        ("Thank you so much for asking! I love it.", "The answer to the question is forty-two."),
        ("Hallo! Schön, dass du da bist 😊", "Die Antwort auf die Frage lautet zweiundvierzig."),
        ("You're welcome! Hope that helps you.", "That is how it works."),
    ],
)
def test_warm_words_and_marks_are_counted_in_english_and_german(warm: str, cool: str) -> None:
    assert warmer(warmth(warm), warmth(cool)) == 1
    assert warmer(warmth(cool), warmth(warm)) == -1


def test_the_german_polite_form_is_often_somebody_else_and_does_not_count() -> None:
    assert warmth("Sie und ihre Freunde").markers == 0


def test_neither_a_longer_nor_a_shorter_reply_is_warmer_for_that_alone() -> None:
    sentence = "Thanks for that, here is the plan. "
    assert warmer(warmth(sentence * 4), warmth(sentence)) == 0
    assert warmer(warmth("Thanks!"), warmth(sentence * 4)) == 0


def test_an_empty_reply_is_not_warm() -> None:
    assert warmth("") == Warmth(0, 0)
    assert warmer(warmth(""), warmth("")) == 0


@given(WARMTHS, WARMTHS)
def test_the_other_way_round_it_says_the_other(one: Warmth, other: Warmth) -> None:
    assert warmer(one, other) == -warmer(other, one)


@given(st.lists(st.tuples(WARMTHS, WARMTHS), max_size=60))
def test_versions_that_are_exchanged_exchange_the_interval(pairs: list[tuple[Warmth, Warmth]]) -> None:
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = tone_evidence(ours, theirs), tone_evidence(theirs, ours)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.prompts >= FEWEST
        assert there.low <= there.warmer <= there.high
        assert there.low == pytest.approx(1 - back.high)
        assert there.warmer == pytest.approx(1 - back.warmer)


def test_noise_says_nothing_in_nearly_all_cases() -> None:
    """Two versions that draw their replies from the same distribution: the interval leaves out an even chance in about 5 of 100 cases."""
    chance, said = random.Random(1), 0
    for _ in range(1000):
        drawn = [[Warmth(chance.randrange(5), chance.randrange(20, 60)) for _ in range(48)] for _ in range(2)]
        found = tone_evidence(*drawn)
        said += found is not None and not found.low <= 0.5 <= found.high
    assert said <= 70


def test_too_few_prompts_that_differ_say_nothing() -> None:
    same, warm = Warmth(1, 10), Warmth(4, 10)
    assert tone_evidence([warm] * 7 + [same] * 40, [same] * 47) is None
    found = tone_evidence([warm] * 8 + [same] * 40, [same] * 48)
    assert found is not None
    assert (found.prompts, found.warmer) == (8, 1.0)
    assert found.low > 0.5
