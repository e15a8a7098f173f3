"""Which fields of a request are honoured, refused and ignored."""

import pytest
from pydantic import ValidationError

from feedback_app.api.openai.requests import FORBIDDEN, ChatRequest
from feedback_app.domain.comparison import Sampling

HELLO = [{"role": "user", "content": "Hello"}]
DEFAULT = Sampling(0.9, 0.95, 50, 128, 1.1)
OPTIONAL = sorted({*ChatRequest.model_fields, *FORBIDDEN, "user", "metadata", "store"} - {"messages"})


def asked(**fields):
    return ChatRequest.model_validate({"messages": HELLO, **fields})


def refused(**fields):
    with pytest.raises(ValidationError) as caught:
        asked(**fields)
    first = caught.value.errors()[0]
    return first["type"], (first.get("ctx") or {}).get("at") or ".".join(map(str, first["loc"]))


@pytest.mark.parametrize("field", OPTIONAL)
def test_null_is_the_default(field):
    assert asked(**{field: None}) == asked()


def test_nulls_within_the_stream_options_are_defaults_too():
    assert asked(stream_options={"include_usage": None}) == asked()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [{"type": "function"}]),
        ("functions", [{"name": "a"}]),
        ("tool_choice", "required"),
        ("tool_choice", {"type": "function", "function": {"name": "a"}}),
        ("function_call", {"name": "a"}),
        ("response_format", {"type": "json_object"}),
        ("response_format", {"type": "json_schema", "json_schema": {}}),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"50256": -100}),
        ("audio", {"voice": "alloy", "format": "wav"}),
        ("modalities", ["text", "audio"]),
        ("prediction", {"type": "content", "content": "a"}),
        ("web_search_options", {}),
        ("guided_json", {}),
        ("grammar", "root ::= a"),
        ("frequency_penalty", 0.5),
        ("presence_penalty", -0.5),
        ("min_p", 0.1),
        ("typical_p", 0.9),
        ("repeat_penalty", 1.2),
    ],
)
def test_what_would_change_the_reply_and_cannot_be_honoured_is_refused(field, value):
    assert refused(**{field: value}) == ("unsupported_parameter", field)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True},
        {"functions": [], "function_call": "none"},
        {"response_format": {"type": "text"}, "modalities": ["text"]},
        {"logprobs": False, "top_logprobs": 0, "logit_bias": {}},
        {"frequency_penalty": 0, "presence_penalty": 0.0, "min_p": 0, "typical_p": 1, "top_a": 0},
        {
            "user": "me",
            "metadata": {"a": "b"},
            "store": True,
            "service_tier": "auto",
            "reasoning_effort": "low",
        },
        {"examples": False, "memory": True, "documents": False, "something_new": {"a": [1]}},
    ],
)
def test_values_that_ask_for_nothing_are_accepted(fields):
    assert asked(**fields) == asked()


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 9}, "n"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": 5}, "stop"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"seed": 2**63}, "seed"),
        ({"n": 2, "best_of": 2}, "best_of"),
        ({"temperature": float("inf")}, "temperature"),
        ({"metadata": {"a": [float("nan")]}}, "metadata.a[0]"),
        ({"model": "a\ud83d"}, "model"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "\ud83d"}]}]}, "messages[0].content[0].text"),
        ({"stop": ["\udc00"]}, "stop[0]"),
        ({"user": "\ud83d"}, "user"),
        ({"metadata": {"\ud83d": "a"}}, "metadata.?"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused_where_it_stands(fields, at):
    assert refused(**fields)[1] == at


def test_a_body_nested_ever_so_deeply_is_read():
    deep: object = "a"
    for _ in range(5000):
        deep = [deep]
    assert asked(metadata=deep) == asked()


@pytest.mark.parametrize(
    ("fields", "sampling"),
    [
        ({}, DEFAULT),
        ({"temperature": 0}, Sampling(0, 0.95, 50, 128, 1.1)),
        ({"top_k": 0, "repetition_penalty": 1}, Sampling(0.9, 0.95, 0, 128, 1)),
        ({"top_k": -1}, Sampling(0.9, 0.95, 0, 128, 1.1)),
        ({"top_k": 7, "max_tokens": 9}, Sampling(0.9, 0.95, 7, 9, 1.1)),
        ({"max_tokens": 9, "max_completion_tokens": 5}, Sampling(0.9, 0.95, 50, 5, 1.1)),
        ({"top_p": 0}, Sampling(0, 1, 50, 128, 1.1)),
    ],
)
def test_sampling_fields_are_honoured_and_the_rest_is_as_the_settings_have_it(fields, sampling):
    assert asked(**fields).sampling(DEFAULT) == sampling


def test_a_stop_text_alone_is_a_list_of_one():
    assert asked(stop="a").stop == asked(stop=["a"]).stop == ["a"]
