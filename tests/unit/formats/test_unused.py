"""Every field of a file is used, or the line is refused by that name, unless the importer says to leave it out."""

from typing import Any

import pytest

from feedback_app.formats import unused
from feedback_app.formats.errors import LineError
from tests.unit.formats.values import lines, taken, why

USER, REPLY = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}
PAIR = {"prompt": "Hi", "chosen": "Hello", "rejected": "ok"}
CALLS = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
TALK = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (PAIR | {"tools": [{"type": "function"}]}, "tools"),
        (PAIR | {"chosen": [{"role": "assistant", "content": "Wait.", "tool_calls": CALLS}]}, "tool_calls"),
        (PAIR | {"chosen": [{"role": "assistant", "content": None, "tool_calls": CALLS}]}, "tool_calls"),
        (PAIR | {"images": ["a.png"]}, "images"),
        (PAIR | {"margin": 0.5}, "margin"),
        (PAIR | {"weight": 0}, "weight"),
        (PAIR | {"prompt": [{**USER, "name": "Anna"}]}, "name"),
        (PAIR | {"chosen": [{**REPLY, "thinking": "Hm."}]}, "thinking"),
        ({"messages": [USER, REPLY], "tools": "[{}]"}, "tools"),
        ({"messages": [USER, REPLY], "functions": [{"name": "f"}]}, "functions"),
        ({"messages": [USER, {**REPLY, "function_call": {"name": "f"}}]}, "function_call"),
        ({"messages": [USER, {**REPLY, "refusal": "No."}]}, "refusal"),
        ({"messages": [USER, REPLY], "videos": ["a.mp4"]}, "videos"),
        ({"messages": [USER, REPLY], "audios": ["a.mp3"]}, "audios"),
        ({"messages": [USER, REPLY], "chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs"),
        ({"messages": [USER, REPLY], "label": True, "score": 0.3}, "score"),
        ({"conversations": TALK, "tools": "[]x"}, "tools"),
        ({"conversations": TALK[:1], "tools": "[{}]", "chosen": TALK[1], "rejected": {"from": "gpt", "value": "b"}}, "tools"),
        ({"instruction": "a", "output": "b", "images": ["c"]}, "images"),
        ({"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c", "system": "d"}, "system"),
        ({"prompt": {"role": "prompter", "text": "a", "images": ["b"], "replies": []}}, "images"),
        ({"prompt": {"role": "prompter", "text": "a", "replies": [{"role": "assistant", "text": "b", "tool_calls": CALLS}]}}, "tool_calls"),
        ({"user_name": "a", "character_name": "b", "mes": "x", "is_user": False, "extra": {"reasoning": "Hm."}}, "reasoning"),
        ({"messages": [USER], "candidates": [{"id": "a", "text": "x", "tool_calls": CALLS}, {"id": "b", "text": "y"}], "ranking": {"groups": [["a"], ["b"]]}}, "tool_calls"),
        ({"messages": [USER], "candidates": [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}], "ranking": {"groups": [["a"], ["b"]], "confidence": 1}}, "confidence"),
    ],
)  # fmt: skip
def test_a_field_that_would_not_be_used_is_named_and_nothing_is_taken(
    record: dict[str, Any], name: str
) -> None:
    (error,) = why(lines(record))
    assert error.line == 1
    assert f"has `{name}`" in error.reason


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({"conversations": TALK, "items": [*TALK, *TALK]}, ("conversations", "items")),
        (PAIR | {"chosen_messages": [USER, {**REPLY, "content": "No"}]}, ("chosen", "chosen_messages")),
        (PAIR | {"chosen_model": "a", "chosen-model": "b"}, ("chosen_model", "chosen-model")),
    ],
)
def test_two_fields_that_say_the_same_in_two_ways_are_named(
    record: dict[str, Any], names: tuple[str, str]
) -> None:
    (error,) = why(lines(record))
    assert error.reason == f"`{names[0]}` and `{names[1]}` differ: keep one"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"instruction": None, "output": "x"}, "`instruction` is missing"),
        ({"messages": None}, "`messages` is missing"),
        ({"conversations": None, "id": "1"}, "`conversations` is missing"),
        ({"prompt": "x", "label": True}, "`completion` is missing"),
        ({"chosen": "\n\nHuman: a\n\nAssistant: b"}, "`rejected` is missing"),
        ({"prompt": "x", "completion": None}, "`completion` is missing"),
    ],
)
def test_what_is_missing_or_null_is_named(record: dict[str, Any], reason: str) -> None:
    assert [error.reason for error in why(lines(record))] == [reason]


@pytest.mark.parametrize(
    "record",
    [
        {"input": {"messages": [USER], "tools": [{}]}, "preferred_output": [REPLY], "non_preferred_output": [REPLY]},
        {"input": {"messages": [USER, {**REPLY, "tool_calls": CALLS}, USER]}, "preferred_output": [REPLY], "non_preferred_output": [REPLY]},
        {"conversations": [*TALK[:1], {"from": "function_call", "value": "{}"}, *TALK[1:]]},
        {"messages": [USER, {"role": "tool", "content": "{}"}, REPLY]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, REPLY]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "image": "b"}]}, REPLY]},
    ],
)  # fmt: skip
def test_tool_turns_and_parts_that_are_not_text_are_refused(record: dict[str, Any]) -> None:
    assert any(word in why(lines(record))[0].reason for word in ("tool", "part", "image"))


def test_null_and_empty_fields_and_metadata_say_nothing() -> None:
    empty = {"tools": [], "images": None, "margin": None, "note": "", "extra": {}}
    metadata = dict.fromkeys(unused.METADATA, "x")
    assert len(taken(lines(PAIR | empty | metadata))[1]) == 1
    turn = {**REPLY, "tool_calls": None, "refusal": None, "audio": None, "name": None}
    assert len(taken(lines({"messages": [USER, turn]}))[1]) == 1


def test_a_system_text_in_a_field_of_its_own_becomes_the_system_turn() -> None:
    for record in (
        PAIR,
        {"prompt": "Hi", "completion": "Hello", "label": True},
        {"messages": [USER, REPLY]},
        {"conversations": TALK},
        {"instruction": "Hi", "output": "Hello"},
    ):
        for name in ("system", "system_prompt"):
            (item,) = taken(lines(record | {name: "Answer in French."}))[1]
            assert [(turn.role, turn.content) for turn in item.prompt] == [
                ("system", "Answer in French."),
                ("user", "Hi"),
            ]
    twice = {"system": "a", "messages": [{"role": "system", "content": "b"}, USER, REPLY]}
    assert "keep one" in why(lines(twice))[0].reason


def test_turns_with_a_weight_are_learned_as_it_says() -> None:
    first, last = {**REPLY, "content": "1"}, {**REPLY, "content": "2"}

    def learned(*weights: Any) -> list[str]:
        turns = [USER, first | {"weight": weights[0]}, USER, last | {"weight": weights[1]}]
        return [item.reply for item in taken(lines({"messages": turns}))[1]]

    assert [learned(0, 1), learned(1, 0), learned(1, 1), learned(None, None)] == [
        ["2"],
        ["1"],
        ["1", "2"],
        ["2"],
    ]
    nothing = {"messages": [USER, first | {"weight": 0}]}
    assert why(lines(nothing)) == [LineError(1, "has `weight` 0 for every reply: there is nothing to learn")]
    assert why(lines({"messages": [USER, first | {"weight": 0.5}]})) == [
        LineError(1, "`weight` must be 0 or 1")
    ]


def test_a_reply_of_a_pair_or_a_rating_whose_weight_is_0_is_refused() -> None:
    off = [{**REPLY, "weight": 0}]
    for record in (PAIR | {"chosen": off}, {"prompt": "Hi", "completion": off, "label": True}):
        assert "`weight`" in why(lines(record))[0].reason


def test_fields_are_left_out_where_the_importer_says_so() -> None:
    record = PAIR | {"tools": [{}], "margin": 1, "chosen": [{**REPLY, "name": "Lynn"}]}
    reading, items = taken(lines(record, PAIR), ignore=("tools", "margin", "name"))
    assert len(items) == 2
    assert reading.ignored == {"tools": 1, "margin": 1}
    assert "`name`" in why(lines(record), ignore=("tools", "margin"))[0].reason


@pytest.mark.parametrize("name", ["label", "kto_tag", "rejected", "weight", "rating", "messages"])
def test_what_says_which_reply_is_good_cannot_be_left_out(name: str) -> None:
    with pytest.raises(unused.CannotIgnore, match=f"`{name}` cannot be ignored"):
        taken(lines({"messages": [USER, REPLY]}), ignore=(name,))


def test_a_name_that_may_be_private_text_is_not_repeated() -> None:
    (error,) = why(lines(PAIR | {"my secret\n": 1, "x" * 50: 2, "plain": 3}))
    assert error.reason.startswith("has `plain`, 2 fields with unusual names, which this format does not use")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"messages": [REPLY, USER, REPLY], "prompt": "other"}, "`messages` does not begin with `prompt`"),
        (PAIR | {"messages": [USER, {**REPLY, "content": "third"}]}, "`messages` is not the same as `chosen` or `rejected`"),
        (PAIR | {"question": "other"}, "`prompt` and `question` differ: keep one"),
        (PAIR | {"chosen": [{**USER, "content": "other"}, REPLY]}, "`chosen` does not begin with `prompt`"),
        ({"messages": [USER, REPLY], "label": True, "kto_tag": False}, "`label` and `kto_tag` differ: keep one"),
        ({"instruction": "a", "output": "b", "chosen": "c", "rejected": "d"}, "has `output` beside `chosen` and `rejected`: which reply is good is not clear"),
    ],
)  # fmt: skip
def test_fields_that_say_different_things_are_refused(record: dict[str, Any], reason: str) -> None:
    assert why(lines(record)) == [LineError(1, reason)]
