"""The requests of SillyTavern's source "Custom (OpenAI-compatible)", rebuilt from its sources.

github.com/SillyTavern/SillyTavern, version 1.12.6, commit ba6f7b7a98cf7a5eaf4f0e81da9779a9a668ced4:
- `public/scripts/openai.js`: `sendOpenAIRequest` says which fields there are; `populateChatHistory` and
  `populateDialogueExamples` lay out the messages: system messages with the prompt, the character and named examples, the
  character's greeting before any user turn, and at the end, after the user, system messages that nudge.
- `src/endpoints/backends/chat-completions.js`: the route `/generate` makes `requestBody` of it (`JSON.stringify` leaves
  out what is undefined), the route `/status` lists the models.
"""

import json
from typing import Any

import httpx
import pytest

HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer none"}
PROMPT = [
    {"role": "system", "content": "Write Lynn's next reply in a fictional chat between Lynn and Ann."},
    {"role": "system", "content": "Lynn is friendly."},
    {"role": "system", "content": "[Example Chat]"},
    {"role": "system", "name": "example_user", "content": "Hello"},
    {"role": "system", "name": "example_assistant", "content": "Good morning!"},
    {"role": "system", "content": "[Start a new Chat]"},
    {"role": "assistant", "content": "Good morning! I hope you have a lovely day."},
]
JAILBREAK = {"role": "system", "content": "Stay in character."}
CONTINUE = {
    "role": "system",
    "content": "[Continue the following message. Do not include ANY parts of the original message.]",
}
GROUP = {"role": "system", "content": "[Write the next reply only as Lynn.]"}
ENDINGS = {
    "a message": [{"role": "user", "content": "Hello, how are you?"}],
    "instructions after the history": [{"role": "user", "content": "Hello, how are you?"}, JAILBREAK],
    "a group": [{"role": "user", "name": "Ann", "content": "Hello"}, GROUP, JAILBREAK],
    "continue": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "I am"}, CONTINUE],
    "continue with prefill": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "I am"}],
    "a greeting alone": [],
    "an empty message": [{"role": "user", "content": ""}],
}


def body(messages: list[dict[str, Any]], **more: Any) -> bytes:
    fields = {
        "messages": messages,
        "model": "latest",
        "temperature": 1,
        "max_tokens": 300,
        "stream": False,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "top_p": 1,
        "logit_bias": {},
        **more,
    }
    return json.dumps(fields).encode()


def test_its_list_of_models_is_read(http: httpx.Client) -> None:
    answer = http.get("/models", headers=HEADERS).json()
    assert isinstance(answer["data"], list)
    assert all(isinstance(model["id"], str) for model in answer["data"])


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("stream", [False, True])
def test_its_conversations_are_answered(http: httpx.Client, ending: str, stream: bool) -> None:
    sent = body([*PROMPT, *ENDINGS[ending]], stream=stream, max_tokens=8)
    answer = http.post("/chat/completions", content=sent, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    if stream:
        assert answer.text.endswith("data: [DONE]\n\n")
        assert '"error"' not in answer.text
    else:
        assert answer.json()["choices"][0]["message"]["role"] == "assistant"


def test_several_swipes_come_in_one_stream(http: httpx.Client) -> None:
    sent = body([*PROMPT, *ENDINGS["a message"]], stream=True, n=3, seed=4, stop=["\nAnn:"], max_tokens=8)
    answer = http.post("/chat/completions", content=sent, headers=HEADERS)
    lines = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert {chunk["choices"][0]["index"] for chunk in lines} == {0, 1, 2}


def test_fields_added_by_hand_are_honoured_or_named(http: httpx.Client) -> None:
    """`custom_include_body` takes any YAML."""
    sent = body([*PROMPT, *ENDINGS["a message"]], top_k=40, repetition_penalty=1.1, max_tokens=8)
    assert http.post("/chat/completions", content=sent, headers=HEADERS).status_code == 200
    for field, value in {"min_p": 0.05, "typical_p": 0.9, "presence_penalty": 0.7}.items():
        sent = body([*PROMPT, *ENDINGS["a message"]], **{field: value})
        refused = http.post("/chat/completions", content=sent, headers=HEADERS)
        assert refused.status_code == 400
        assert f"`{field}` is not supported" in refused.json()["error"]["message"]


def test_token_probabilities_are_refused_by_name(http: httpx.Client) -> None:
    sent = body([*PROMPT, *ENDINGS["a message"]], logprobs=True, top_logprobs=5)
    refused = http.post("/chat/completions", content=sent, headers=HEADERS)
    assert refused.json()["error"]["param"] == "logprobs"
