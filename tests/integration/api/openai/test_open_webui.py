"""The requests of Open WebUI, rebuilt from its sources (github.com/open-webui/open-webui).

- `backend/open_webui/routers/openai.py`, commit 671f577264ed5bed6ec2c7cf97703b450a6ce2ec: `generate_chat_completion`
  takes `metadata` out, sends `max_completion_tokens` as `max_tokens` where the server is not OpenAI's, `logit_bias` as
  an object, a bearer key and, where it is set so, headers about the user; a stream is recognised by `text/event-stream` and
  passed on as it is; of an error it shows `error.message`.
- `backend/open_webui/routers/tasks.py`, commit 074d48839d00c84107a99e43e2d36a9413e027a5: titles, tags and follow-up
  questions are asked for with one user message that holds the whole task, at most 1,000 tokens for a title.
- `backend/open_webui/utils/payload.py`, commit 05746a9960269ccc4faf7dc29cc189f43cb2c539: the settings of a chat become
  `temperature`, `top_p`, `max_tokens`, `frequency_penalty`, `seed` and `stop`; the system prompt becomes the first message.
"""

import json
from typing import Any

import httpx
import pytest

from tests.tiny_model import SYSTEM

HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer none",
    "X-OpenWebUI-User-Name": "Ann%20Example",
    "X-OpenWebUI-User-Id": "1",
    "X-OpenWebUI-User-Email": "ann@example.org",
    "X-OpenWebUI-User-Role": "admin",
    "X-OpenWebUI-Chat-Id": "5e5f6a",
}
TITLE = """### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: Hello, how are you?
ASSISTANT: I am fine.
</chat_history>"""


def asked(http: httpx.Client, **payload: Any) -> httpx.Response:
    return http.post("/chat/completions", content=json.dumps(payload), headers=HEADERS)


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    """As the page reads a stream: line by line, up to the end mark."""
    said = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert said[-1] == "[DONE]"
    return [json.loads(line) for line in said[:-1]]


def test_its_list_of_models_is_read(http: httpx.Client) -> None:
    answer = http.get("/models", headers=HEADERS).json()
    assert {"base", "latest"} <= {model["id"] for model in answer["data"]}


@pytest.mark.parametrize("usage", [{}, {"stream_options": {"include_usage": True}}])
def test_a_chat_with_all_its_settings_is_streamed(http: httpx.Client, usage: dict[str, Any]) -> None:
    answer = asked(
        http,
        stream=True,
        model="latest",
        messages=[
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": "Hello, how are you?"},
            {"role": "assistant", "content": "I am fine."},
            {"role": "user", "content": [{"type": "text", "text": "Tell me a joke."}]},
        ],
        temperature=0.0,
        top_p=0.9,
        max_tokens=20,
        frequency_penalty=0.0,
        seed=0,
        stop=["<|user|>"],
        logit_bias={},
        **usage,
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    chunks = events(answer)
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])
    assert bool(usage) == ("usage" in chunks[-1] and chunks[-1]["usage"]["total_tokens"] > 0)


def test_its_tasks_are_answered(http: httpx.Client) -> None:
    title = asked(
        http, model="latest", messages=[{"role": "user", "content": TITLE}], stream=False, max_tokens=1000
    )
    assert title.json()["choices"][0]["message"]["role"] == "assistant"


def test_a_reply_that_is_to_be_continued_is_answered(http: httpx.Client) -> None:
    messages = [{"role": "user", "content": "Tell me a joke."}, {"role": "assistant", "content": "Why did"}]
    assert asked(http, model="latest", messages=messages, stream=True).status_code == 200


def test_errors_have_the_message_that_it_shows(http: httpx.Client) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    refused = asked(http, model="latest", messages=[{"role": "user", "content": [image]}], stream=True)
    assert refused.status_code == 400
    assert "only text is supported" in refused.json()["error"]["message"]
    tools = [{"type": "function", "function": {"name": "search", "parameters": {}}}]
    refused = asked(http, model="latest", messages=[{"role": "user", "content": "Hi"}], tools=tools)
    assert refused.json()["error"]["message"] == "`tools` is not supported: leave it out."
