"""Replies cut at stop texts, tokens counted, and streams that always end."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.api.openai.requests import ChatRequest
from feedback_app.api.openai.streams import Chunks, stream, stream_best
from feedback_app.api.openai.writing import generation_requests, pieces, to_the_end
from feedback_app.domain.comparison import Message, PromptTooLong, Sampling
from feedback_app.engines.base import Delta, EngineUnavailable
from feedback_app.services.generation.best_of import BestOf
from tests.fakes import ScriptedEngine, ShorterIsBetter

PROMPT = (Message("system", "Be kind."), Message("user", "Say something nice"))
LETTERS = st.text("ab ", min_size=1, max_size=12)


def requests(**fields):
    body = ChatRequest.model_validate({"messages": [{"role": "user", "content": "Hello"}], **fields})
    return generation_requests(body, "base", PROMPT, Sampling(max_new_tokens=50))


def written(*replies, **fields):
    asked = requests(n=len(replies), **fields)
    return to_the_end(pieces(ScriptedEngine({"base": replies}), asked), len(asked))


def events(lines):
    said = [line.removeprefix("data: ").strip() for line in lines if line.startswith("data: ")]
    return [json.loads(line) for line in said[:-1]], said[-1]


def test_tokens_are_the_engines_the_prompt_once_and_every_reply():
    usage = written("one two three", "one two").usage()
    assert usage == {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}


def test_a_reply_that_was_cut_counts_what_was_written_of_it():
    cut = written("one two three four", stop=["three"])
    assert (cut.texts, cut.finishes) == (["one two "], ["stop"])
    assert cut.usage()["completion_tokens"] == 3
    assert written("one two three", max_tokens=2).finishes == ["length"]


@given(LETTERS, st.lists(LETTERS, max_size=3))
def test_a_reply_ends_before_a_stop_text_and_holds_none_wherever_the_pieces_meet(reply, stops):
    [text] = written(reply, stop=stops).texts
    assert reply.startswith(text)
    assert not [stop for stop in stops if stop in text]
    assert text == reply or reply[len(text) :].startswith(tuple(stops))


def test_without_a_seed_every_call_draws_anew_and_with_one_the_same():
    assert len({requests()[0].seed for _ in range(20)}) > 1
    assert [one.seed for one in requests(seed=-3, n=2)] == [one.seed for one in requests(seed=-3, n=2)]
    assert all(0 <= one.seed < 2**31 for one in requests(seed=2**62, n=2))


def test_a_stream_tells_its_usage_last_and_null_before_where_it_is_wanted():
    asked = requests(n=2)
    engine = ScriptedEngine({"base": ["one two", "one"]})
    chunks, end = events(stream(pieces(engine, asked), 2, Chunks({"id": "a"}, usage=True)))
    assert end == "[DONE]"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert all(chunk["choices"] and chunk["usage"] is None for chunk in chunks[:-1])
    roles = [chunk["choices"][0]["index"] for chunk in chunks[:-1] if "role" in chunk["choices"][0]["delta"]]
    assert roles == [0, 1]
    finished = [chunk["choices"][0] for chunk in chunks[:-1] if chunk["choices"][0]["finish_reason"]]
    assert [(one["index"], one["delta"], one["finish_reason"]) for one in finished] == [
        (1, {}, "stop"),
        (0, {}, "stop"),
    ]


def test_a_stream_says_nothing_of_usage_where_it_is_not_wanted():
    chunks, _ = events(stream(pieces(ScriptedEngine(), requests()), 1, Chunks({}, usage=False)))
    assert not [chunk for chunk in chunks if "usage" in chunk or not chunk["choices"]]


def test_the_best_of_several_counts_all_that_were_written():
    asked = requests(best_of=2)
    engine = ScriptedEngine({"base": ["a long reply", "short"]})
    best = BestOf([ShorterIsBetter()])
    chunks, end = events(stream_best(pieces(engine, asked), 2, Chunks({}, usage=True), PROMPT, best))
    assert end == "[DONE]"
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks[:-1]) == "short"
    assert chunks[-1]["usage"]["completion_tokens"] == 4


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (EngineUnavailable("cannot read /secret/path"), "engine_unavailable"),
        (PromptTooLong("the prompt is 5 tokens longer than the model can read"), "context_length_exceeded"),
        (ZeroDivisionError("my secret"), "internal_error"),
    ],
)
def test_a_stream_that_fails_on_its_way_tells_so_and_ends(problem, code):
    def broken():
        yield Delta(0, "one", None, 1, 1)
        raise problem

    chunks, end = events(stream(broken(), 1, Chunks({}, usage=True)))
    assert end == "[DONE]"
    assert chunks[-1]["error"]["code"] == code
    assert "secret" not in json.dumps(chunks)


def test_a_reader_who_leaves_closes_the_engines_stream():
    engine = ScriptedEngine({"base": ["one two three"]})
    lines = stream(pieces(engine, requests()), 1, Chunks({}, usage=False))
    assert "one" in [next(lines), next(lines)][1]
    lines.close()
    assert engine.closed_early == 1
