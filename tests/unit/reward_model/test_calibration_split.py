"""A temperature is found on replies that the model has not learned from."""

import random

from hypothesis import given
from hypothesis import strategies as st

from reward_model.calibration_split import ENOUGH_TO_KEEP, keep_apart
from reward_model.rankings import Ranked

PROMPT = ({"role": "user", "content": "How are you?"},)


def ranked(*replies: str) -> Ranked:
    return Ranked(PROMPT, replies, tuple(range(len(replies))))


def texts(rankings: list[Ranked]) -> set[str]:
    return {reply for one in rankings for reply in one.replies}


def drawn(count: int, pool: int, seed: int) -> list[Ranked]:
    """Pairs of so many different replies."""
    chance = random.Random(seed)
    return [ranked(*map(str, chance.sample(range(pool), 2))) for _ in range(count)]


def test_a_tenth_is_kept_where_there_is_enough_and_all_else_learned() -> None:
    many = [ranked(f"good {i}", f"bad {i}") for i in range(500)]
    learned, kept = keep_apart(many)
    assert (len(learned), len(kept)) == (450, 50)
    few = many[: ENOUGH_TO_KEEP - 1]
    assert keep_apart(few) == (few, [])


def test_what_was_kept_is_kept_again_while_its_rank_by_digest_lasts() -> None:
    many = [ranked(f"good {i}", f"bad {i}") for i in range(550)]
    before, after = keep_apart(many[:500])[1], keep_apart(many)[1]
    assert len(texts(before) & texts(after)) >= 0.8 * len(texts(before))


@given(st.integers(ENOUGH_TO_KEEP, 800), st.integers(30, 2000), st.integers(0, 9))
def test_no_kept_reply_is_learned_and_a_fifth_is_the_most_that_is_not_learned(
    count: int, pool: int, seed: int
) -> None:
    learned, kept = keep_apart(drawn(count, pool, seed))
    assert texts(learned).isdisjoint(texts(kept))
    assert len(learned) >= 0.8 * count


def test_replies_that_are_seen_once_are_kept_before_those_seen_often() -> None:
    often = [ranked("yes", f"reply {i}") for i in range(400)]
    once = [ranked(f"good {i}", f"bad {i}") for i in range(80)]
    learned, kept = keep_apart([*often, *once])
    assert kept == [one for one in once if one in kept]
    assert (len(learned), len(kept)) == (432, 48)


def test_rankings_of_several_on_the_same_replies_stay_together() -> None:
    by_three = [ranked(f"good {i}", f"bad {i}") for i in range(200) for _ in range(3)]
    learned, kept = keep_apart(by_three)
    assert (len(learned), len(kept)) == (540, 60)
