"""Preference pairs through trl, hh, openai, sharegpt and parquet: exact shapes, round trips, refusals."""

from typing import Any

import pytest
from hypothesis import given

from feedback_app.domain.comparison import Message
from feedback_app.domain.documents import pair_document
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import hh, openai, parquet, sharegpt, trl
from feedback_app.formats.errors import LineError, Problems
from feedback_app.formats.jsonl import Limits
from feedback_app.formats.pairs import carried
from tests.unit.formats.values import REPEATABLE, pairs, read_back, refused, taken, why

FORMATS = [trl, hh, openai, sharegpt]
PAIR = PreferencePair(
    prompt=(
        Message("system", "Be kind."),
        Message("user", "Hi"),
        Message("assistant", "Hello!"),
        Message("user", "How are you?"),
    ),
    chosen="Fine, thank you.",
    rejected="ok",
    comparison_id="7",
    chosen_model="latest",
    rejected_model="base",
)
PROMPT = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello!"},
    {"role": "user", "content": "How are you?"},
]
GOOD = [{"role": "assistant", "content": "Fine, thank you."}]
BAD = [{"role": "assistant", "content": "ok"}]


def said(pair: PreferencePair) -> tuple[Any, ...]:
    return pair.prompt, pair.chosen, pair.rejected


@pytest.mark.parametrize("format", FORMATS)
@REPEATABLE
@given(pair=pairs())
def test_a_pair_comes_back_as_it_went_out_whatever_its_text(format: Any, pair: PreferencePair) -> None:
    assert said(read_back(format.dump(pair), format.load)) == said(pair)


@REPEATABLE
@given(pair=pairs())
def test_a_pair_comes_back_from_parquet_with_its_model_and_annotator(pair: PreferencePair) -> None:
    reading, (back,) = taken(b"".join(parquet.written([pair_document(pair)])))
    assert reading.format == "parquet"
    assert said(back) == said(pair)
    assert (back.chosen_model, back.annotator) == (pair.chosen_model, pair.annotator)


def test_trl_is_the_conversational_preference_format() -> None:
    assert trl.dump(PAIR) == {"prompt": PROMPT, "chosen": GOOD, "rejected": BAD}


def test_openai_is_the_preference_fine_tuning_format() -> None:
    assert openai.dump(PAIR) == {
        "input": {"messages": PROMPT, "tools": [], "parallel_tool_calls": True},
        "preferred_output": GOOD,
        "non_preferred_output": BAD,
    }


def test_sharegpt_is_what_llama_factory_reads() -> None:
    assert sharegpt.dump(PAIR) == {
        "conversations": [
            {"from": "system", "value": "Be kind."},
            {"from": "human", "value": "Hi"},
            {"from": "gpt", "value": "Hello!"},
            {"from": "human", "value": "How are you?"},
        ],
        "chosen": {"from": "gpt", "value": "Fine, thank you."},
        "rejected": {"from": "gpt", "value": "ok"},
    }


def test_hh_is_two_transcripts_with_the_system_turn_before_the_first_marker() -> None:
    before = "Be kind.\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: How are you?\n\nAssistant: "
    assert hh.dump(PAIR) == {"chosen": before + "Fine, thank you.", "rejected": before + "ok"}


def test_parquet_rows_are_trl_with_the_models_beside() -> None:
    assert parquet.dump(PAIR) == trl.dump(PAIR) | {
        "comparison_id": "7",
        "chosen_model": "latest",
        "rejected_model": "base",
        "annotator": "owner",
    }


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Hi", "chosen": "Hello", "rejected": "ok"},
        {"prompt": [{"role": "user", "content": "Hi"}], "chosen": "Hello", "rejected": "ok"},
        {
            "chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
            "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "ok"}],
        },
    ],
)
def test_trl_also_reads_plain_texts_and_whole_conversations(record: dict[str, Any]) -> None:
    assert said(trl.load(record)) == ((Message("user", "Hi"),), "Hello", "ok")


def test_sharegpt_also_reads_a_system_field() -> None:
    record = sharegpt.dump(PAIR)
    record["conversations"] = record["conversations"][1:]
    assert said(sharegpt.load(record | {"system": "Be kind."})) == said(PAIR)


def test_hh_reads_transcripts_without_a_system_turn() -> None:
    record = {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant:ok"}
    assert said(hh.load(record)) == ((Message("user", "Hi"),), "Hello", "ok")


def test_hh_puts_a_backslash_before_a_marker_inside_a_text_and_takes_it_away_again() -> None:
    pair = PreferencePair((Message("user", "Hi"),), "a\n\nHuman: b", "a\n\n\\Human: b")
    record = hh.dump(pair)
    assert record["chosen"].endswith("a\n\n\\Human: b")
    assert record["rejected"].endswith("a\n\n\\\\Human: b")
    assert said(hh.load(record)) == said(pair)


def test_hh_loses_an_empty_system_turn_and_nothing_else() -> None:
    pair = PreferencePair((Message("system", ""), Message("user", "Hi")), "Hello", "ok")
    assert hh.load(hh.dump(pair)).prompt == (Message("user", "Hi"),)


USER = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("format", "record", "reason"),
    [
        (trl, {"prompt": "Hi", "chosen": "a"}, "`rejected` is missing"),
        (trl, {"chosen": "a", "rejected": "b"}, "`prompt` is missing"),
        (trl, {"prompt": None, "chosen": GOOD, "rejected": BAD}, "`prompt` is missing"),
        (trl, {"prompt": None, "chosen": "a", "rejected": "b"}, "`prompt` is missing"),
        (trl, {"prompt": "", "chosen": "a", "rejected": "b"}, "`prompt` is missing"),
        (trl, {"prompt": None, "chosen": None, "rejected": "b"}, "`chosen` is missing"),
        (trl, {"prompt": "Hi", "chosen": "a", "rejected": "a"}, "chosen and rejected are the same text"),
        (trl, {"prompt": "Hi", "chosen": " \n", "rejected": "a"}, "`chosen` is empty"),
        (trl, {"prompt": " ", "chosen": "a", "rejected": "b"}, "the prompt is empty: write something to answer"),
        (trl, {"prompt": 3, "chosen": "a", "rejected": "b"}, "`prompt` must be a list"),
        (trl, {"prompt": [3], "chosen": "a", "rejected": "b"}, "`prompt[]` must be an object"),
        (trl, {"prompt": [], "chosen": "a", "rejected": "b"}, "a prompt must end with the user's turn"),
        (trl, {"prompt": USER, "chosen": USER, "rejected": "b"}, "`chosen` must be one assistant message"),
        (trl, {"prompt": USER, "chosen": GOOD + BAD, "rejected": "b"}, "`chosen` does not begin with `prompt`"),
        (trl, {"prompt": "\ud800", "chosen": "a", "rejected": "b"}, "`prompt` holds half a surrogate pair"),
        (trl, {"prompt": "Hi", "chosen": "a\udfff", "rejected": "b"}, "`chosen` holds half a surrogate pair"),
        (
            trl,
            {"prompt": [{"role": "tool", "content": "x"}], "chosen": "a", "rejected": "b"},
            "a turn of `prompt` is of the role `tool`: tool calls cannot be imported",
        ),
        (
            trl,
            {"prompt": [{"role": "narrator", "content": "x"}], "chosen": "a", "rejected": "b"},
            "`role` in `prompt` must be one of: system, user, assistant",
        ),
        (
            trl,
            {"prompt": [*USER, {"role": "system", "content": "x"}, *USER], "chosen": "a", "rejected": "b"},
            "a system message may only come first",
        ),
        (trl, {"chosen": USER + GOOD, "rejected": GOOD + BAD}, "chosen and rejected differ before the last turn"),
        (openai, {"input": USER}, "`input` must be an object"),
        (openai, {"input": {"messages": USER, "tools": [1]}}, "has `tools`: tools cannot be imported. To import the rest of it, ignore `tools`"),
        (openai, {"input": {"messages": USER}}, "`preferred_output` is missing"),
        (
            openai,
            {"input": {"messages": USER}, "preferred_output": [{"role": "assistant", "content": [{}]}]},
            "`text` is missing",
        ),
        (sharegpt, {"conversations": [{"from": "human"}]}, "`value` is missing"),
        (
            sharegpt,
            {"system": "a", "conversations": [{"from": "system", "value": "b"}]},
            "there is a `system` field and a system turn: keep one",
        ),
        (
            hh,
            {"chosen": "Human: Hi\n\nAssistant: a", "rejected": "b"},
            "`chosen` must be a transcript: two line breaks before each `Human:` and `Assistant:`",
        ),
        (
            hh,
            {"chosen": "\n\nHuman: Hi\n\nAssistant: a", "rejected": "\n\nHuman: Ho\n\nAssistant: b"},
            "chosen and rejected differ before the last turn",
        ),
        (
            hh,
            {"chosen": "\n\nHuman: Hi", "rejected": "\n\nHuman: Ho"},
            "`chosen` must be one assistant message",
        ),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_refused_with_the_reason(
    format: Any, record: dict[str, Any], reason: str
) -> None:
    assert refused(record, format.load) == reason


@pytest.mark.parametrize(("chosen", "rejected"), [("a", "a"), ("a", " "), ("", "a"), ("a", "\ud800")])
def test_pairs_that_an_import_would_refuse_are_not_exported(chosen: str, rejected: str) -> None:
    assert not carried(pair_document(PreferencePair((Message("user", "Hi"),), chosen, rejected)))
    assert carried(pair_document(PAIR))


def test_parquet_names_the_rows_that_cannot_be_read() -> None:
    nameless = PreferencePair(PAIR.prompt, "a", "b", annotator="x\ny")
    same = PreferencePair(PAIR.prompt, "a", "a")
    assert why(b"".join(parquet.written(map(pair_document, [PAIR, same, nameless]))), "parquet") == [
        LineError(2, "chosen and rejected are the same text"),
        LineError(3, "`annotator` must be at most 200 printable characters"),
    ]


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_a_file_that_is_not_whole_parquet_is_refused_as_a_whole(content: bytes) -> None:
    assert [str(error) for error in why(content)] == ["the file is not a readable Parquet file"]


def test_a_parquet_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    content = b"".join(parquet.written([pair_document(PreferencePair(PAIR.prompt, "a" * 300_000, "b"))]))
    assert len(content) < 100_000
    problems = Problems()
    assert not list(parquet.rows([content], Limits(file=100_000), problems))
    assert "unpacks to more than" in problems.errors[0].reason
