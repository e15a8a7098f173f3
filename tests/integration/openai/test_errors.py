"""Every answer other than success is in OpenAI's form, on every path under /v1, and tells nothing of the inside."""

import json
from collections.abc import Iterator
from unittest.mock import patch

import httpx
import openai
import pytest

from tests.browser.site import Site

HELLO = [{"role": "user", "content": "Hello"}]
JSON = {"Content-Type": "application/json"}
INSIDE = ("Traceback", "pydantic", "ChatMessage", "body.", "Value error", "/tmp", ".py")


def error(answer: httpx.Response) -> dict:
    """Its error, whose form is checked."""
    body = answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"][0].isupper() or body["error"]["message"][0] == "`"
    assert not [word for word in INSIDE if word in answer.text]
    return body["error"]


def refused(http: httpx.Client, **fields: object) -> dict:
    answer = http.post("/chat/completions", json={"messages": HELLO, **fields})
    assert answer.status_code == 400, answer.text
    return error(answer)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "", 404, "unknown_url"),
        ("GET", "/", 404, "unknown_url"),
        ("GET", "/nothing", 404, "unknown_url"),
        ("POST", "/chat", 404, "unknown_url"),
        ("GET", "/models/nobody", 404, "model_not_found"),
        ("GET", "/models/meta/llama%2F3", 404, "model_not_found"),
        ("POST", "/embeddings", 404, "unsupported_endpoint"),
        ("POST", "/responses", 404, "unsupported_endpoint"),
        ("GET", "/responses/resp_1", 404, "unsupported_endpoint"),
        ("POST", "/completions", 404, "unsupported_endpoint"),
        ("POST", "/moderations", 404, "unsupported_endpoint"),
        ("POST", "/images/generations", 404, "unsupported_endpoint"),
        ("POST", "/audio/transcriptions", 404, "unsupported_endpoint"),
        ("GET", "/files", 404, "unsupported_endpoint"),
        ("POST", "/fine_tuning/jobs", 404, "unsupported_endpoint"),
        ("POST", "/v1/chat/completions", 404, "unsupported_endpoint"),
        ("GET", "/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/models/base", 405, "method_not_allowed"),
        ("OPTIONS", "/models", 405, "method_not_allowed"),
        ("TRACE", "/chat/completions", 405, "method_not_allowed"),
        ("ANYTHING", "/models", 405, "method_not_allowed"),
        ("ANYTHING", "", 404, "unknown_url"),
    ],
)
def test_addresses_and_methods_that_are_not_served(
    http: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = http.request(method, path, headers=JSON)
    assert (answer.status_code, error(answer)["code"]) == (status, code)
    assert (status == 405) == ("allow" in answer.headers)


@pytest.mark.parametrize("call", ["embeddings", "responses"])
def test_the_official_client_raises_not_found_and_says_what_to_use(client: openai.OpenAI, call: str) -> None:
    with pytest.raises(openai.NotFoundError, match=r"(use POST|another server)"):
        getattr(client, call).create(model="base", input="Hello")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b'{"messages": ', "invalid_json", None),
        (b"\xff\xfe{", "invalid_value", None),
        (b"[" * 100_000, "invalid_value", None),
        (b"[1]", "invalid_type", None),
        (b'"a"', "invalid_type", None),
        (b"", "invalid_type", None),
        (b"{}", "missing_required_parameter", "messages"),
        (b'{"messages": [{"role": "user", "content": "a\\ud83d"}]}', "invalid_value", "messages[0].content"),
        (b'{"messages": [{"role": "user", "content": "\xed\xa0\xbd"}]}', "invalid_value", None),
        (b'{"messages": [{"role": "user", "content": "a"}], "temperature": 1e400}', "invalid_value", "temperature"),
        (b'{"messages": [{"role": "user", "content": "a"}], "user": NaN}', "invalid_value", None),
    ],
)  # fmt: skip
def test_bodies_that_are_no_request(http: httpx.Client, body: bytes, code: str, param: str | None) -> None:
    answer = http.post("/chat/completions", content=body, headers=JSON)
    assert answer.status_code == 400
    assert (error(answer)["code"], error(answer)["param"]) == (code, param)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": ["Hello"]}, "invalid_type", "messages[0]"),
        ({"messages": [{"role": "user", "content": 5}]}, "invalid_type", "messages[0].content"),
        ({"messages": [{"role": "alien", "content": "a"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": " "}]}, "invalid_value", "messages"),
        ({"messages": [{"role": "tool", "content": "4"}]}, "unsupported_value", "messages[0].role"),
        (
            {"messages": [*HELLO, {"role": "user", "content": [{"type": "image_url"}]}]},
            "unsupported_value",
            "messages[1].content[0]",
        ),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "unsupported_parameter", "tools"),
        ({"response_format": {"type": "json_object"}}, "unsupported_parameter", "response_format"),
        ({"logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"temperature": "hot"}, "invalid_type", "temperature"),
        ({"temperature": 9}, "invalid_value", "temperature"),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"stop": ["a"] * 5}, "invalid_value", "stop"),
        ({"stream": True, "stream_options": 5}, "invalid_type", "stream_options"),
        ({"max_tokens": 4000}, "context_length_exceeded", "max_tokens"),
        ({"max_completion_tokens": 4000}, "context_length_exceeded", "max_completion_tokens"),
        ({"messages": [{"role": "user", "content": "long " * 3000}]}, "context_length_exceeded", "messages"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_fields_that_are_refused_are_named(
    http: httpx.Client, fields: dict[str, object], code: str, param: str, stream: bool
) -> None:
    told = refused(http, **{"stream": stream, **fields})
    assert (told["code"], told["param"], told["type"]) == (code, param, "invalid_request_error")


def test_a_model_that_is_not_there(http: httpx.Client) -> None:
    for model in ("nobody", "", "a/b", "🦊"):
        answer = http.post("/chat/completions", json={"model": model, "messages": HELLO})
        assert answer.status_code == 404
        assert (error(answer)["code"], error(answer)["param"]) == ("model_not_found", "model")


def test_what_was_said_is_not_told_back(http: httpx.Client) -> None:
    answer = http.post(
        "/chat/completions", json={"messages": [{"role": "user", "content": {"my secret": 1}}], "n": "secret"}
    )
    assert answer.status_code == 400
    assert "secret" not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}])
def test_other_types_than_json_are_refused(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.post("/chat/completions", content=json.dumps({"messages": HELLO}), headers=headers)
    assert answer.status_code == 415


def test_a_body_too_large_is_refused_before_it_is_read_whole(http: httpx.Client) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(10):
            yield b" " * 2**20

    answer = http.post("/chat/completions", content=body(), headers=JSON)
    assert (answer.status_code, error(answer)["code"]) == (413, "request_too_large")


def test_an_engine_that_is_away_is_503_without_what_it_said(site: Site, http: httpx.Client) -> None:
    with patch.object(site.engine, "broken", "cannot read /tmp/secret.py"):
        answer = http.post("/chat/completions", json={"messages": HELLO})
    assert (answer.status_code, error(answer)["type"]) == (503, "server_error")


def test_what_nobody_foresaw_is_500_without_what_it_said(site: Site, http: httpx.Client) -> None:
    with patch.object(site.engine, "engine", None):
        answer = http.post("/chat/completions", json={"messages": HELLO})
    assert (answer.status_code, error(answer)["code"]) == (500, "internal_error")


def test_a_stream_that_fails_on_its_way_is_an_error_of_the_client(site: Site, client: openai.OpenAI) -> None:
    with (
        patch.object(site.engine, "engine", None),
        pytest.raises(openai.APIError, match="server made an error"),
    ):
        list(client.chat.completions.create(model="base", messages=HELLO, stream=True))
