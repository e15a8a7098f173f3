"""What the methods learn from: rated replies, their balance and order, rewards, and what is refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.configs.kto import KtoConfig
from alignment.contract.configs.rloo import RlooConfig
from alignment.contract.durations import SHARED
from alignment.contract.errors import InvalidConfig, RoundRefused
from alignment.contract.methods import round_config
from alignment.contract.requirements import refuse_lacking
from alignment.contract.snapshot import Demonstration, Messages, Pair, Rating, Snapshot
from alignment.contract.spec import RoundSpec, sft_spec
from alignment.gate.fluency import liked
from alignment.methods.dpo import without_ends
from alignment.methods.kto import balancing_weights, in_order, rated_replies
from alignment.methods.kto import dataset as kto_dataset
from alignment.methods.rloo import BrokenReward, reward_function
from alignment.methods.sft import dataset as sft_dataset
from alignment.models.chat_template import with_system
from alignment.models.sampling import as_heard
from feedback_app.settings import Settings

ASKED = with_system("Be kind.", "How are you?")
PAIRS = tuple(Pair(with_system("", f"question {n}"), "yes", "no") for n in range(8))
RATINGS = tuple(Rating(ASKED, f"reply {n}", good=n % 2 == 0) for n in range(8))
SHOWN = tuple(Demonstration(ASKED, f"reply {n}") for n in range(8))
FULL = Snapshot("hash", PAIRS, (), RATINGS, SHOWN)
EMPTY = Snapshot("hash", (), ())


def spec(method: str = "dpo", config: dict | None = None, **fields: object) -> RoundSpec:  # type: ignore[type-arg]
    here = Path()
    return RoundSpec(
        round_id="r",
        base_dir=here,
        snapshot_dir=here,
        checkpoint_name="c",
        checkpoint_dir=here,
        perplexity_pack=here,
        heldout_prompts=here,
        method=method,  # type: ignore[arg-type]
        config=round_config(method, config or {}),
        **fields,  # type: ignore[arg-type]
    )


def test_a_pair_is_one_good_and_one_bad_reply_beside_what_was_rated() -> None:
    found = rated_replies(FULL)
    assert found[:8] == list(RATINGS)
    assert found[8:10] == [Rating(PAIRS[0].prompt, "yes", True), Rating(PAIRS[0].prompt, "no", False)]
    assert len(found) == 24


@given(good=st.integers(1, 500), bad=st.integers(1, 500))
def test_weighted_good_replies_are_one_to_four_thirds_times_the_bad_ones(good: int, bad: int) -> None:
    desirable, undesirable = balancing_weights(good, bad, KtoConfig())
    assert 1 - 1e-9 <= good * desirable / (bad * undesirable) <= 4 / 3 + 1e-9
    assert 1.0 in (desirable, undesirable)
    assert min(desirable, undesirable) >= 1 - 1e-9


def test_weights_that_were_given_stand() -> None:
    assert balancing_weights(1, 9, KtoConfig(desirable_weight=2)) == (2, 1)
    assert balancing_weights(9, 1, KtoConfig(desirable_weight=2, undesirable_weight=3)) == (2, 3)


@given(count=st.integers(2, 40), micro=st.integers(2, 8))
def test_every_forward_pass_of_kto_is_whole_and_every_reply_is_in_one(count: int, micro: int) -> None:
    ratings = [Rating(ASKED, str(number), True) for number in range(count)]
    ordered = in_order(ratings, 0, micro)
    assert {rating.reply for rating in ordered} == {rating.reply for rating in ratings}
    assert ordered == in_order(ratings, 0, micro)
    assert len(ordered) % micro == 0 or count < micro


def test_the_data_are_in_the_conversational_forms_of_trl() -> None:
    (shown,) = sft_dataset(SHOWN[:1])
    (rated,) = kto_dataset(RATINGS[:1])
    assert shown["prompt"] == rated["prompt"] == list(ASKED)
    assert shown["completion"] == rated["completion"] == [{"role": "assistant", "content": "reply 0"}]
    assert rated["label"] is True
    assert shown["chat_template_kwargs"] == rated["chat_template_kwargs"] == {"sanitize_control_tokens": True}


@pytest.mark.parametrize("batch", [3, 5, 7])
def test_a_batch_of_kto_that_leaves_one_reply_alone_is_refused(batch: int) -> None:
    if batch == 3:
        assert KtoConfig(batch_size=3).schedule(10).micro_batch == 3
        return
    with pytest.raises(InvalidConfig, match="one reply gives no KL"):
        round_config("kto", {"batch_size": batch})


@pytest.mark.parametrize("replies", [2, 50, 199, 200, 5000])
def test_kto_always_estimates_its_kl_over_several_replies(replies: int) -> None:
    schedule = KtoConfig().schedule(replies)
    assert schedule.micro_batch == 4
    assert schedule.batch % schedule.micro_batch == 0


def test_a_step_of_rloo_is_all_replies_to_its_prompts() -> None:
    schedule = RlooConfig(prompts_per_step=3, replies_per_prompt=2, micro_batch_size=4).schedule()
    assert (schedule.batch, schedule.micro_batch) == (6, 3)
    with pytest.raises(InvalidConfig, match="max_new_tokens must be below max_length"):
        round_config("rloo", {"max_length": 32, "max_new_tokens": 32})


class Constant:
    """A scorer that gives the same to every reply, and keeps what it was asked."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.asked: list[tuple[Messages, str]] = []

    def score(self, items: list[tuple[Messages, str]]) -> list[float]:
        self.asked += items
        return [self.value] * len(items)


def test_the_reward_model_is_asked_for_each_reply_after_its_prompt() -> None:
    scorer = Constant(0.5)
    rewards = reward_function(scorer.score)([list(ASKED)], [[{"role": "assistant", "content": "Fine."}]])
    assert rewards == [0.5]
    assert scorer.asked == [(ASKED, "Fine.")]


def test_a_reply_that_was_cut_loses_the_penalty() -> None:
    said = [[{"role": "assistant", "content": text}] for text in ("Fine.", "Fine, and then")]
    reward = reward_function(Constant(0.5).score, ends={2}, penalty=2.0)
    assert reward([list(ASKED)] * 2, said, completion_ids=[[7, 8, 2], [7, 8, 9]]) == [0.5, -1.5]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_reward_that_is_not_a_number_ends_the_round_without_a_word_of_the_reply(value: float) -> None:
    with pytest.raises(BrokenReward, match="train it again") as broken:
        reward_function(Constant(value).score)([list(ASKED)], [[{"role": "assistant", "content": "secret"}]])
    assert "secret" not in str(broken.value)


@pytest.mark.parametrize(
    ("method", "config", "lacking", "reason"),
    [
        (
            "dpo",
            {},
            {"train": PAIRS[:3]},
            "at least 8 preference pairs to train on and there are 3: rank more replies",
        ),
        ("sft", {}, {"demonstrations": ()}, "at least 8 demonstrations to train on and there are 0"),
        (
            "kto",
            {},
            {"train": (), "ratings": RATINGS[:7]},
            "at least 8 rated replies to train on and there are 7",
        ),
        ("kto", {}, {"train": (), "ratings": RATINGS[::2] * 2}, "all rated replies are good"),
        ("kto", {}, {"train": (), "ratings": RATINGS[1::2] * 2}, "all rated replies are bad"),
        ("rloo", {}, {}, "there is no reward model of this base model yet"),
        ("rloo", {"reward": True}, {"train": ()}, "preference pairs to train on and there are 0"),
        ("dpo", {"sft_first": True}, {"demonstrations": ()}, "demonstrations to train on and there are 0"),
    ],
)
def test_what_a_method_lacks_is_said_in_one_line(
    method: str,
    config: dict,
    lacking: dict,
    reason: str,  # type: ignore[type-arg]
) -> None:
    with pytest.raises(RoundRefused) as refused:
        refuse_lacking(spec(method, config), replace(FULL, **lacking))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("method", "fields", "snapshot"),
    [
        ("dpo", {}, replace(EMPTY, train=PAIRS)),
        ("sft", {}, replace(EMPTY, demonstrations=SHOWN)),
        ("kto", {}, replace(EMPTY, ratings=RATINGS)),
        ("kto", {}, replace(EMPTY, train=PAIRS[:4])),
        ("rloo", {"current_reward": Path("rewards/r")}, EMPTY),
    ],
)
def test_a_method_asks_for_nothing_that_it_does_not_learn_from(
    method: str,
    fields: dict,
    snapshot: Snapshot,  # type: ignore[type-arg]
) -> None:
    refuse_lacking(spec(method, **fields), snapshot)


def test_the_stage_before_another_method_has_its_adapter_and_its_own_pace() -> None:
    given = spec("dpo", {"sft_first": True, "lora_r": 4, "learning_rate": 1e-3, "max_length": 99, "seed": 3})
    first = sft_spec(given)
    assert first.method == "sft"
    assert {name: getattr(first.policy, name) for name in SHARED} == {
        name: getattr(given.policy, name) for name in SHARED
    }
    assert first.policy.learning_rate == 2e-4
    with pytest.raises(InvalidConfig, match="sft_first is for the other methods"):
        round_config("sft", {"sft_first": True})


def test_a_reply_that_was_cut_is_learned_without_its_end_token() -> None:
    row = {"chosen_ids": [5, 6, 2, 9], "rejected_ids": [7, 2, 8, 2, 9]}
    cut = row | {"chosen_cut": False, "rejected_cut": True}
    assert without_ends(cut, [2, 3]) == {"chosen_ids": [5, 6, 2, 9], "rejected_ids": [7, 2, 8]}
    assert without_ends(cut | {"chosen_cut": True}, [2])["chosen_ids"] == [5, 6]
    assert without_ends(cut, [3]) == row


def test_what_people_liked_is_read_by_kind_and_spread_evenly() -> None:
    chosen, good, written = liked(FULL, 4)
    assert chosen == [(pair.prompt, "yes") for pair in PAIRS[::2]]
    assert good == [(ASKED, f"reply {n}") for n in (0, 2, 4, 6)]
    assert written == [(ASKED, f"reply {n}") for n in (0, 2, 4, 6)]
    assert liked(EMPTY, 4) == [[], [], []]


@given(st.integers(0, 200), st.integers(1, 40))
def test_never_more_is_read_than_asked_for_and_something_where_there_is_something(
    count: int, most: int
) -> None:
    kind = liked(replace(EMPTY, demonstrations=SHOWN[:1] * count), most)[2]
    assert len(kind) <= most
    assert bool(kind) is bool(count)


def test_the_gate_hears_replies_as_people_do_who_change_nothing() -> None:
    heard, usual = as_heard(80, 0), Settings.model_fields
    for name in ("temperature", "top_k", "top_p", "repetition_penalty"):
        assert getattr(heard, name) == usual[name].default
