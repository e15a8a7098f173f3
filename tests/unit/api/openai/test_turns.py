"""Messages of every order become turns that every model takes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from feedback_app.api.openai.turns import ChatMessage, conversation
from feedback_app.domain.comparison import InvalidPrompt, Message

ROLES = st.sampled_from(["system", "user", "assistant"])
TEXTS = st.sampled_from(["", " ", "one", "two", "three four"])
MESSAGES = st.lists(st.builds(Message, ROLES, TEXTS), max_size=8)


def turns(*messages):
    return [(turn.role, turn.content) for turn in conversation([Message(*message) for message in messages])]


@given(MESSAGES)
def test_a_conversation_has_one_system_turn_first_and_roles_that_take_turns(messages):
    if not any(message.content.strip() for message in messages):
        with pytest.raises(InvalidPrompt, match="no text to answer"):
            conversation(messages)
        return
    roles = [turn.role for turn in conversation(messages)]
    assert "system" not in roles[1:]
    assert all(left != right for left, right in pairwise(roles))
    assert roles[-1] in ("user", "assistant")


@given(MESSAGES)
def test_no_text_is_lost_and_none_changes_places(messages):
    said = [message.content for message in messages if message.content.strip()]
    if said:
        assert "\n\n".join(turn.content for turn in conversation(messages)) == "\n\n".join(said)


def test_system_messages_at_the_beginning_are_one():
    assert turns(("system", "Be kind."), ("system", "Be short."), ("user", "Hi")) == [
        ("system", "Be kind.\n\nBe short."),
        ("user", "Hi"),
    ]


def test_a_later_system_message_is_said_by_the_user_beside_it():
    assert turns(("user", "Hi"), ("assistant", "Hello"), ("system", "Be short."), ("user", "Who?")) == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Be short.\n\nWho?"),
    ]
    assert turns(("user", "Hi"), ("system", "Be short.")) == [("user", "Hi\n\nBe short.")]
    assert turns(("user", "Hi"), ("assistant", "Hello"), ("system", "Go on."))[-1] == ("user", "Go on.")


def test_system_messages_alone_are_answered():
    assert turns(("system", "Be kind.")) == [("user", "Be kind.")]
    assert turns(("system", "Be kind."), ("system", "Say hello.")) == [
        ("system", "Be kind."),
        ("user", "Say hello."),
    ]


def test_messages_without_text_are_left_out():
    assert turns(("system", ""), ("user", "Hi"), ("assistant", ""), ("user", "Hi?")) == [
        ("user", "Hi\n\nHi?")
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"role": "assistant", "content": None}, Message("assistant", "")),
        ({"role": "assistant"}, Message("assistant", "")),
        ({"role": "assistant", "content": None, "tool_calls": [], "audio": None}, Message("assistant", "")),
        ({"role": "developer", "content": "Be kind."}, Message("system", "Be kind.")),
        ({"role": "user", "content": [{"type": "text", "text": "a"}, "b"]}, Message("user", "ab")),
        ({"role": "user", "content": [], "name": "Ann"}, Message("user", "")),
        (
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            Message("assistant", "No."),
        ),
        (
            {"role": "system", "name": "example_user", "content": "Hi"},
            Message("system", "example_user: Hi"),
        ),
    ],
)
def test_every_form_of_a_message_is_read(given, message):
    assert ChatMessage.model_validate(given).message() == message


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"role": "tool", "content": "4", "tool_call_id": "a"}, "role"),
        ({"role": "function", "content": "4"}, "role"),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]}, "tool_calls"),
        ({"role": "assistant", "function_call": {"name": "a"}}, "function_call"),
        ({"role": "assistant", "audio": {"id": "a"}}, "audio"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": ""}}]}, "content[0]"),
        ({"role": "user", "content": ["a", {"type": "input_audio"}]}, "content[1]"),
        ({"role": "user", "content": [{"type": "text", "text": 5}]}, "content[0].text"),
        ({"role": "user", "content": [{"type": ["text"], "text": "a"}]}, "content[0]"),
        ({"role": "user", "content": [5]}, "content[0]"),
    ],
)
def test_what_no_model_here_can_read_is_refused_by_name(given, at):
    with pytest.raises(ValidationError) as caught:
        ChatMessage.model_validate(given)
    [error] = caught.value.errors()
    assert error["type"] == "unsupported_value"
    assert error["ctx"]["at"] == at
