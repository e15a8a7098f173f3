"""Pairs from fresh replies: the best against the worst, and nothing that teaches nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.errors import InvalidConfig, RoundRefused
from alignment.contract.methods import round_config
from alignment.contract.requirements import refuse_lacking
from alignment.contract.snapshot import Messages, Pair, Snapshot
from alignment.contract.spec import RoundSpec
from alignment.methods.on_policy_pairs import (
    Answered,
    Scored,
    fresh_pair,
    fresh_pairs,
    measurements,
    prompts_of_repeat,
)

PROMPT: Messages = ({"role": "user", "content": "Hello!"},)
replies = st.builds(
    Scored,
    text=st.sampled_from(["", " ", "Hi.", "Hi. ", "Good morning!", "What?"]),
    reward=st.floats(-5, 5),
    tokens=st.integers(1, 9),
    ended=st.booleans(),
)
answers = st.lists(replies, min_size=1, max_size=6).map(lambda found: Answered(PROMPT, tuple(found)))


def answered(*rewards: float, ended: bool = True) -> Answered:
    return Answered(PROMPT, tuple(Scored(f"reply {n}", r, 3, ended) for n, r in enumerate(rewards)))


def test_the_best_reply_meets_the_worst() -> None:
    assert fresh_pair(answered(0.1, 2.0, -1.0, 1.0), 0.2) == Pair(PROMPT, "reply 1", "reply 2")


@given(answers, st.floats(0, 5))
def test_a_pair_is_of_two_whole_replies_at_least_the_margin_apart(item: Answered, margin: float) -> None:
    whole = [reply for reply in item.replies if reply.ended and reply.text.strip()]
    pair = fresh_pair(item, margin)
    if pair is None:
        return
    high, low = max(reply.reward for reply in whole), min(reply.reward for reply in whole)
    assert (high, low) in {
        (better.reward, worse.reward)
        for better in whole
        for worse in whole
        if (better.text, worse.text) == (pair.chosen, pair.rejected)
    }
    assert high > low
    assert high - low >= margin
    assert pair.chosen.strip() != pair.rejected.strip()


@given(answers, st.floats(0, 5), st.floats(0, 5))
def test_a_wider_margin_never_gives_a_pair_where_a_narrow_one_gave_none(
    item: Answered, one: float, other: float
) -> None:
    narrow, wide = sorted((one, other))
    assert fresh_pair(item, wide) in (None, fresh_pair(item, narrow))


@given(answers)
def test_cut_and_empty_replies_change_nothing(item: Answered) -> None:
    cut, empty = Scored("Never said", 99.0, 9, ended=False), Scored(" ", -99.0, 1, ended=True)
    assert fresh_pair(replace(item, replies=(cut, *item.replies, empty)), 0.0) == fresh_pair(item, 0.0)


@pytest.mark.parametrize("item", [answered(1.0, 1.0), answered(1.0, 0.9), answered(3.0), answered()])
def test_equal_near_equal_single_and_no_replies_give_no_pair(item: Answered) -> None:
    assert fresh_pair(item, 0.2) is None


def test_what_is_told_counts_every_reply_and_the_prompts_that_gave_a_pair() -> None:
    both = [answered(1.0, 3.0), answered(0.0, 0.0, ended=False)]
    assert measurements(both, fresh_pairs(both, 0.2)) == {
        "drawn/kept": 0.5,
        "drawn/reward": 1.0,
        "drawn/length": 3.0,
        "drawn/ended": 0.5,
    }


@given(st.integers(1, 30), st.integers(1, 40), st.integers(1, 8))
def test_every_prompt_is_asked_once_before_any_comes_again(known: int, count: int, repeats: int) -> None:
    prompts: list[Messages] = [({"role": "user", "content": str(n)},) for n in range(known)]
    drawn = [prompts_of_repeat(prompts, repeat, count) for repeat in range(1, repeats + 1)]
    for repetition in drawn:
        assert len({turn[0]["content"] for turn in repetition}) == len(repetition) == min(count, known)
    times = [sum(repetition.count(prompt) for repetition in drawn) for prompt in prompts]
    assert max(times) - min(times) <= 1


@pytest.mark.parametrize(
    ("method", "config", "reason"),
    [
        ("dpo", {"online_repeats": 21}, "online_repeats: input should be less than or equal to 20"),
        ("dpo", {"online_candidates": 1}, "online_candidates: input should be greater than or equal to 2"),
        ("kto", {"online_repeats": 1, "online_max_new_tokens": 768}, "must be below max_length"),
        ("sft", {"online_repeats": 1}, "there is no setting 'online_repeats'"),
        ("ppo", {"online_repeats": 1}, "there is no setting 'online_repeats'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_line(
    method: str, config: dict[str, int], reason: str
) -> None:
    with pytest.raises(InvalidConfig, match=reason):
        round_config(method, config)


def test_a_round_is_not_repeated_unless_it_is_asked_to_be_and_then_needs_a_reward_model() -> None:
    here = Path("x")
    once = RoundSpec(
        round_id="r",
        base_dir=here,
        snapshot_dir=here,
        checkpoint_name="c",
        checkpoint_dir=here,
        perplexity_pack=here,
        heldout_prompts=here,
        min_pairs=1,
    )
    snapshot = Snapshot("", (Pair(PROMPT, "a", "b"),), ())
    refuse_lacking(once, snapshot)
    assert once.repeats == 0
    again = replace(once, config=round_config("dpo", {"online_repeats": 2}))
    assert again.repeats == 2
    with pytest.raises(RoundRefused, match="there is no reward model of this base model yet"):
        refuse_lacking(again, snapshot)
    refuse_lacking(replace(again, current_reward=here), snapshot)
