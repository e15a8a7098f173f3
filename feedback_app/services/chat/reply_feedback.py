"""What a round can learn from a conversation: the replies that the owner edited or rated, each with its prompt. Pure."""

from collections.abc import Callable
from dataclasses import replace

from feedback_app.domain.comparison import Message
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.preference import Demonstration, Rating

SystemPrompt = Callable[[str], str]
"""The system prompt of a persona; empty where there is none."""


def edited_replies(conversation: Conversation, system_prompt: SystemPrompt) -> list[Demonstration]:
    """The replies that the owner edited, as demonstrations."""
    return [
        Demonstration(prompt_of_reply(conversation, place, turn, system_prompt), turn.content, source="edit")
        for place, turn in replies(conversation)
        if turn.original is not None
    ]


def rated_replies(conversation: Conversation, system_prompt: SystemPrompt) -> list[Rating]:
    """The thumbs of a conversation as ratings. A thumb on an edited reply does not count: it was given to the model's text."""
    return [
        Rating(prompt_of_reply(conversation, place, turn, system_prompt), turn.content, turn.rating == 1)
        for place, turn in replies(conversation)
        if turn.rating is not None and turn.original is None
    ]


def replies(conversation: Conversation) -> list[tuple[int, Turn]]:
    """Every reply with its place, the alternatives among them."""
    places = range(len(conversation.turns) + 1)
    placed_turns = [(place, turn) for place in places for turn in conversation.alternatives(place)]
    return [(place, turn) for place, turn in placed_turns if turn.role == "assistant"]


def prompt_of_reply(
    conversation: Conversation, place: int, reply: Turn, system_prompt: SystemPrompt
) -> tuple[Message, ...]:
    """The turns before a reply, after the system prompt of the persona that wrote it, where it has one."""
    system = system_prompt(conversation.persona_of(reply))
    messages = with_system_prompt(replace(conversation, turns=conversation.turns[:place]), system)
    return messages if system else messages[1:]


def with_system_prompt(conversation: Conversation, system_prompt: str) -> tuple[Message, ...]:
    """A conversation as a model reads it."""
    turns = (Message(turn.role, turn.content) for turn in conversation.turns)
    return (Message("system", system_prompt), *turns)
