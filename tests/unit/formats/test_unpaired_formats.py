"""kto and sft: exact shapes, round trips, refusals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.comparison import Comparison, Message, Ranking
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import kto, sft
from tests.unit.formats.values import FILLED, REPEATABLE, prompts, read_back, refused

PROMPT = (Message("system", "Be kind."), Message("user", "Hi"))
TURNS = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
HELLO = {"role": "assistant", "content": "Hello"}


def test_kto_is_the_unpaired_preference_format() -> None:
    rating = Rating(PROMPT, "Hello", good=False)
    assert kto.dump(rating) == {"prompt": TURNS, "completion": [HELLO], "label": False}


def test_sft_is_the_conversation_up_to_the_demonstrated_reply() -> None:
    assert sft.dump(Demonstration(PROMPT, "Hello")) == {"messages": [*TURNS, HELLO]}


@REPEATABLE
@given(prompt=prompts(), reply=FILLED, good=st.booleans())
def test_a_rating_comes_back_as_it_went_out(prompt: Any, reply: str, good: bool) -> None:
    rating = Rating(prompt, reply, good, "import:kto")
    assert read_back(kto.dump(rating), kto.load) == rating


@REPEATABLE
@given(prompt=prompts(), reply=FILLED)
def test_a_demonstration_comes_back_as_it_went_out(prompt: Any, reply: str) -> None:
    demonstration = Demonstration(prompt, reply, "import:sft")
    assert read_back(sft.dump(demonstration), sft.load) == [demonstration]


def test_a_pair_taken_apart_is_a_good_and_a_bad_reply() -> None:
    good, bad = kto.taken_apart(PreferencePair(PROMPT, "Hello", "ok"))
    assert (good.reply, good.good, bad.reply, bad.good) == ("Hello", True, "ok", False)


def test_an_edit_is_a_demonstration() -> None:
    edited = Comparison(PROMPT, (), ranking=Ranking((), edit="Hello, dear."))
    assert sft.edited(edited) == Demonstration(PROMPT, "Hello, dear.", "edit")
    assert sft.edited(Comparison(PROMPT, (), ranking=Ranking(()))) is None
    assert sft.edited(Comparison(PROMPT, ())) is None


@pytest.mark.parametrize(
    ("load", "record", "reason"),
    [
        (kto.load, {"prompt": TURNS, "completion": [HELLO]}, "`label` is missing"),
        (kto.load, {"prompt": TURNS, "completion": [HELLO], "label": 1}, "`label` must be true or false"),
        (kto.load, {"prompt": TURNS, "completion": "", "label": True}, "`completion` is empty"),
        (kto.load, {"completion": [HELLO], "label": True}, "`prompt` is missing"),
        (sft.load, {"messages": TURNS}, "`messages[-1]` must be one assistant message"),
        (sft.load, {"messages": []}, "`messages[-1]` must be one assistant message"),
        (sft.load, {"messages": [HELLO]}, "a prompt must end with the user's turn"),
        (sft.load, {}, "`messages` is missing"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_with_the_reason(
    load: Any, record: dict[str, Any], reason: str
) -> None:
    assert refused(record, load) == reason


def test_what_an_import_would_refuse_is_not_exported() -> None:
    assert kto.carried(Rating(PROMPT, "Hello", good=True))
    assert not kto.carried(Rating(PROMPT, " ", good=True))
    assert sft.carried(Demonstration(PROMPT, "Hello"))
    assert not sft.carried(Demonstration(PROMPT, "\ud800"))
