"""Stored feedback in one stream each: preference pairs, ratings and demonstrations."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from feedback_app.domain.conversation import Conversation
from feedback_app.domain.documents import PairDocument, edit_of, messages_of, pair_documents
from feedback_app.domain.persona import Persona, UnknownPersona
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.services.chat.reply_feedback import SystemPrompt, edited_replies, rated_replies
from feedback_app.store import Store

Item = TypeVar("Item", Rating, Demonstration)
PersonaOf = Callable[[str], Persona]
"""The persona of a name, whose system prompt a reply was written with. Raises UnknownPersona."""


def stored_pairs(store: Store) -> Iterator[PairDocument]:
    """What the rankings say of every two replies."""
    for comparison in store.documents.ranked():
        if comparison is not None:
            yield from pair_documents(comparison)


def stored_ratings(store: Store, persona: PersonaOf | None) -> Iterator[Rating]:
    """Imported ratings, and thumbs in chats."""
    yield from store.ratings.each()
    yield from chat_ratings(store, persona)


def chat_ratings(store: Store, persona: PersonaOf | None) -> Iterator[Rating]:
    """Thumbs in chats."""
    for conversation in store.conversations.rated():
        yield from _of_chat(rated_replies, conversation, persona)


def stored_demonstrations(store: Store, persona: PersonaOf | None) -> Iterator[Demonstration]:
    """Imported demonstrations, and edits in the arena and in chats."""
    yield from store.demonstrations.each()
    for comparison in store.documents.ranked():
        if comparison is not None and (edit := edit_of(comparison)) is not None:
            yield Demonstration(messages_of(comparison.messages), edit, source="edit")
    yield from chat_edits(store, persona)


def chat_edits(store: Store, persona: PersonaOf | None) -> Iterator[Demonstration]:
    """Replies in chats that the owner wrote anew."""
    for conversation in store.conversations.edited():
        yield from _of_chat(edited_replies, conversation, persona)


def _of_chat(
    read: Callable[[Conversation, SystemPrompt], list[Item]],
    conversation: Conversation,
    persona: PersonaOf | None,
) -> list[Item]:
    """Without the system turn where the persona is no longer known."""

    def system_prompt(name: str) -> str:
        try:
            return persona(name).system_prompt if persona else ""
        except UnknownPersona:
            return ""

    return read(conversation, system_prompt)
