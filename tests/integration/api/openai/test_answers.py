"""What the official client reads of an answer: usage, models, and replies to conversations of every order."""

import time
from datetime import UTC, datetime

import httpx
import openai
import pytest

from feedback_app.domain.round import Checkpoint
from feedback_app.engines.tokenizer import ChatTokenizer
from tests.browser.site import Site
from tests.tiny_model import SYSTEM

KNOWN = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Hello, how are you?"}]


def chat(http: httpx.Client, **fields: object) -> dict:
    answer = http.post("/chat/completions", json={"messages": KNOWN, "temperature": 0, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def tokenizer(site: Site) -> ChatTokenizer:
    return ChatTokenizer(site.app.services.models.files("base").base_dir)


def tokens(tokenizer: ChatTokenizer, text: str) -> int:
    return len(tokenizer._tokenizer.encode(text, add_special_tokens=False).ids)


def test_usage_is_what_the_models_own_tokenizer_counts(http: httpx.Client, tokenizer: ChatTokenizer) -> None:
    answer = chat(http)
    template = "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
    prompt = tokens(tokenizer, template.format(*(message["content"] for message in KNOWN)))
    new = tokens(tokenizer, answer["choices"][0]["message"]["content"])
    assert answer["usage"] == {
        "prompt_tokens": prompt,
        "completion_tokens": new,
        "total_tokens": prompt + new,
    }


def test_usage_of_several_replies_counts_the_prompt_once(http: httpx.Client) -> None:
    one, three = chat(http, max_tokens=5)["usage"], chat(http, max_tokens=5, n=3)["usage"]
    assert one["completion_tokens"] == 5
    assert three["prompt_tokens"] == one["prompt_tokens"]
    assert three["completion_tokens"] == 15


def test_usage_of_the_best_of_several_counts_all_of_them(http: httpx.Client, taught: Site) -> None:
    assert chat(http, max_tokens=5, best_of=4)["usage"]["completion_tokens"] == 20


def test_usage_of_a_reply_cut_at_a_stop_text_ends_there(http: httpx.Client) -> None:
    whole, cut = chat(http), chat(http, stop=["thank"])
    assert cut["choices"][0]["message"]["content"] == "I am fine, "
    assert 0 < cut["usage"]["completion_tokens"] < whole["usage"]["completion_tokens"]


@pytest.mark.parametrize("more", [{}, {"n": 2}, {"stop": ["thank"]}, {"best_of": 2}])
def test_a_stream_has_the_usage_of_the_whole_answer(
    client: openai.OpenAI, taught: Site, more: dict[str, object]
) -> None:
    asked = {"model": "base", "messages": KNOWN, "temperature": 0, "extra_body": more}
    whole = client.chat.completions.create(**asked)
    chunks = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    assert chunks[-1].usage == whole.usage
    assert chunks[-1].choices == []
    assert all(chunk.usage is None and chunk.choices for chunk in chunks[:-1])


def test_a_stream_without_the_option_has_no_usage(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="base", messages=KNOWN, stream=True, max_tokens=3))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_nulls_are_defaults(http: httpx.Client) -> None:
    names = ("n", "stream", "seed", "model", "best_of", "stop", "stream_options", "user", "metadata", "tools")
    assert chat(http, **dict.fromkeys(names))["choices"] == chat(http)["choices"]


@pytest.mark.parametrize(
    "roles",
    [
        "system system user",
        "system user system",
        "user assistant system user",
        "user assistant system",
        "system",
        "system system",
        "system assistant user",
        "system user assistant",
        "assistant",
        "user user",
        "developer user developer",
        "user assistant assistant user",
    ],
)
def test_a_conversation_of_any_order_is_answered(client: openai.OpenAI, roles: str) -> None:
    messages = [{"role": role, "content": "Hello, how are you?"} for role in roles.split()]
    answer = client.chat.completions.create(model="base", messages=messages, temperature=0, max_tokens=4)
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0


def test_content_that_is_null_empty_or_in_parts_is_read(http: httpx.Client) -> None:
    parts = [{"type": "text", "text": "Hello, "}, {"type": "text", "text": "how are you?"}]
    silent = [{"role": "assistant", "content": None}, {"role": "assistant", "content": ""}]
    messages = [KNOWN[0], *silent, {"role": "user", "content": parts, "name": "Ann"}]
    assert chat(http, messages=messages)["choices"] == chat(http)["choices"]


def test_sampling_fields_of_other_servers_are_honoured_where_the_engines_have_them(
    http: httpx.Client,
) -> None:
    greedy = chat(http)["choices"]
    assert chat(http, temperature=2, top_k=1)["choices"] == greedy
    assert chat(http, temperature=2, top_p=0)["choices"] == greedy
    assert chat(http, repetition_penalty=9)["choices"] != greedy


def test_models_say_when_they_were_made(client: openai.OpenAI, http: httpx.Client) -> None:
    listed = list(client.models.list())
    assert {model.owned_by for model in listed} == {"codelynn"}
    assert all(time.time() - 3600 < model.created <= time.time() for model in listed)
    assert client.models.retrieve("latest").id == "latest"
    assert http.get("/models/").json() == http.get("/models").json()


def test_every_answer_has_a_request_id_and_no_permission_for_other_sites(http: httpx.Client) -> None:
    for answer in (http.get("/models"), http.get("/nothing")):
        assert answer.headers["x-request-id"].startswith("req_")
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_version_is_as_old_as_its_checkpoint(site: Site, client: openai.OpenAI) -> None:
    made = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    site.app.store.checkpoints.add(Checkpoint("dpo-1", "nowhere", created_at=made))
    assert client.models.retrieve("dpo-1").created == made.timestamp()
    assert "dpo-1" in {model.id for model in client.models.list()}
