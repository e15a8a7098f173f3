"""LangChain's own client against the service."""

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from tests.browser.site import Site
from tests.tiny_model import SYSTEM

KNOWN = [SystemMessage(SYSTEM), HumanMessage("Hello, how are you?")]
SAID = "I am fine, thank you for asking. How are you today?"


class Weather(BaseModel):
    """The weather of a place."""

    place: str


@pytest.fixture
def lynn(site: Site, monkeypatch: pytest.MonkeyPatch) -> ChatOpenAI:
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    return ChatOpenAI(
        base_url=f"{site.url}/v1", api_key=SecretStr("none"), model="latest", temperature=0, max_retries=0
    )


def test_a_reply_says_its_tokens_and_the_version_that_wrote_it(lynn: ChatOpenAI) -> None:
    answer = lynn.invoke(KNOWN)
    assert answer.content == SAID
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["input_tokens"] > answer.usage_metadata["output_tokens"] > 10
    assert answer.response_metadata["model_name"] == "base"
    assert answer.response_metadata["finish_reason"] == "stop"


def test_a_stream_adds_up_to_the_reply_and_its_usage(lynn: ChatOpenAI) -> None:
    chunks = list(lynn.stream(KNOWN, stream_usage=True))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert len(chunks) > 5
    assert whole.content == SAID
    assert whole.usage_metadata == lynn.invoke(KNOWN).usage_metadata


def test_several_conversations_at_once(lynn: ChatOpenAI) -> None:
    assert [answer.content for answer in lynn.batch([KNOWN] * 3)] == [SAID] * 3


def test_what_agents_send_between_the_turns_is_answered(lynn: ChatOpenAI) -> None:
    history = [
        SystemMessage("Be kind."),
        *KNOWN,
        AIMessage(""),
        SystemMessage("Be short."),
        HumanMessage("Go on."),
    ]
    assert lynn.invoke(history).response_metadata["finish_reason"] in ("stop", "length")


def test_tools_and_structured_output_are_refused_plainly(lynn: ChatOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="`tools` is not supported"):
        lynn.bind_tools([Weather]).invoke(KNOWN)
    with pytest.raises(openai.BadRequestError, match="`response_format` is not supported"):
        lynn.with_structured_output(Weather).invoke(KNOWN)
    with pytest.raises(openai.BadRequestError, match="tools are not supported"):
        lynn.invoke([*KNOWN, ToolMessage("4", tool_call_id="a")])


def test_a_model_that_is_not_there_is_not_found(lynn: ChatOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        lynn.model_copy(update={"model_name": "nobody"}).invoke(KNOWN)
    assert caught.value.code == "model_not_found"
