"""What people said of single replies: thumbs in chats, imported ratings, demonstrations and edits."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from feedback_app.domain.conversation import Conversation
from feedback_app.domain.persona import Persona, UnknownPersona
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.formats import sft
from feedback_app.services.chat import rated_replies
from feedback_app.store import Store

PersonaOf = Callable[[str], Persona]
"""The persona of a name, whose system prompt a chat began with. Raises UnknownPersona."""


def given_ratings(store: Store, persona: PersonaOf | None) -> Iterator[Rating]:
    """Imported ratings, and thumbs in chats."""
    yield from store.ratings.all()
    for conversation in store.conversations.rated():
        yield from _thumbs(conversation, persona)


def given_demonstrations(store: Store) -> Iterator[Demonstration]:
    """Imported demonstrations, and edits."""
    yield from store.demonstrations.all()
    for comparison in store.comparisons.judged():
        if (demonstration := sft.edited(comparison)) is not None:
            yield demonstration


def _thumbs(conversation: Conversation, persona: PersonaOf | None) -> list[Rating]:
    """Without the system turn where the persona is no longer known."""
    try:
        system = persona(conversation.persona).system_prompt if persona else ""
    except UnknownPersona:
        system = ""
    rated = rated_replies(conversation, system)
    return rated if system else [replace(rating, prompt=rating.prompt[1:]) for rating in rated]
