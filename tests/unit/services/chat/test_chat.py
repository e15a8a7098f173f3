"""A conversation that becomes another persona's, and goes on from a reply that is chosen."""

import threading
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from feedback_app.domain.comparison import InvalidPrompt, Sampling
from feedback_app.domain.conversation import Conversation
from feedback_app.domain.persona import Persona, UnknownPersona
from feedback_app.domain.round import Checkpoint
from feedback_app.engines.base import UnknownModel
from feedback_app.services.chat.chat import TITLE_LENGTH, Busy, Chat, title_of
from feedback_app.services.dataset.unpaired_feedback import stored_demonstrations, stored_ratings
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import BaseFiles, Models
from feedback_app.store import InvalidRating, Store
from feedback_app.ui.chat import replies
from tests.fakes import ScriptedEngine

PERSONAS = {
    "lynn": Persona("lynn", "Lynn", "A companion.", "You are Lynn.", "Hi!"),
    "magister": Persona("magister", "Magister", "A teacher.", "You are Magister.", "Salve."),
}


def known(name: str) -> Persona:
    if name not in PERSONAS:
        raise UnknownPersona(name)
    return PERSONAS[name]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine({"base": ("First.", "Second."), "v1": ("Third.",)})


@pytest.fixture
def generations(engine: ScriptedEngine) -> Iterator[Generations]:
    made = Generations(engine)
    yield made
    made.close()


@pytest.fixture
def chat(store: Store, generations: Generations) -> Chat:
    models = Models(store, lambda: BaseFiles("tiny", Path("base"), None))
    return Chat(store, models, generations, known, Sampling, BestOf(()))


@pytest.fixture
def talk(chat: Chat) -> Conversation:
    """One message, answered twice; the second reply stands."""
    begun = chat.begin("base", "lynn")
    list(chat.say(begun.id, "Hello"))
    list(chat.regenerate(begun.id))
    return chat.get(begun.id)


def test_another_persona_answers_from_the_next_reply_on(
    chat: Chat, engine: ScriptedEngine, talk: Conversation
) -> None:
    chat.switch(talk.id, "magister")
    list(chat.say(talk.id, "And you?"))
    assert engine.requests[-1].messages[0].content == "You are Magister."
    assert chat.persona_name(chat.get(talk.id).persona) == "Magister"
    with pytest.raises(UnknownPersona):
        chat.switch(talk.id, "nobody")
    with pytest.raises(UnknownModel):
        chat.switch(talk.id, model="nobody")


def test_what_was_said_of_a_reply_is_exported_with_the_persona_that_wrote_it(
    chat: Chat, store: Store, talk: Conversation
) -> None:
    chat.edit(talk.id, 1, "My own words.")
    chat.switch(talk.id, "magister")
    list(chat.say(talk.id, "And you?"))
    chat.rate(talk.id, 3, 1)
    (edit,) = stored_demonstrations(store, known)
    (thumb,) = stored_ratings(store, known)
    assert edit.prompt[0].content == known("lynn").system_prompt
    assert thumb.prompt[0].content == "You are Magister."


def test_another_version_answers_from_the_next_reply_on_and_each_reply_keeps_its_own(
    chat: Chat, store: Store, engine: ScriptedEngine, talk: Conversation
) -> None:
    store.checkpoints.add(Checkpoint("v1", "somewhere"))
    assert chat.switch(talk.id, model="v1").persona == "lynn"
    list(chat.say(talk.id, "And you?"))
    assert engine.requests[-1].model == "v1"
    assert [turn.model for turn in chat.get(talk.id).turns[1::2]] == ["base", "v1"]


def test_of_two_versions_beside_each_other_both_take_the_persona_and_neither_is_replaced(
    chat: Chat, store: Store, talk: Conversation
) -> None:
    store.conversations.put_beside(talk.id, other := Conversation("v1", "lynn"))
    chat.switch(talk.id, "magister")
    assert chat.get(other.id).persona == "magister"
    with pytest.raises(InvalidPrompt, match="keep one of them first"):
        chat.switch(talk.id, model="base")


def test_a_conversation_goes_on_from_the_chosen_reply(
    chat: Chat, engine: ScriptedEngine, talk: Conversation
) -> None:
    first = talk.alternatives(1)[0]
    chat.choose(talk.id, first.number)
    list(chat.say(talk.id, "Go on."))
    assert engine.requests[-1].messages[2].content == first.content
    with pytest.raises(InvalidRating, match="no reply of number 9"):
        chat.choose(talk.id, 9)


def test_neither_changes_while_a_reply_is_written(
    chat: Chat, generations: Generations, talk: Conversation
) -> None:
    free = threading.Event()
    generations.start(talk.id, [], keep=lambda replies: free.wait(20))
    with pytest.raises(Busy):
        chat.switch(talk.id, "magister")
    with pytest.raises(Busy):
        chat.choose(talk.id, 0)
    free.set()


def test_who_answers_is_named_by_the_id_where_the_persona_is_gone(chat: Chat) -> None:
    assert chat.persona_name("gone") == "gone"


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Hi!", "Hi!"),
        (
            "Hi! I had a rough day.\nTell me something long and nice.",
            "Hi! I had a rough day. Tell me something long…",
        ),
        ("x" * 60, "x" * 47 + "…"),
    ],
)
def test_a_conversation_is_called_by_the_beginning_of_its_first_message(message: str, title: str) -> None:
    assert title_of(message) == title
    assert len(title) <= TITLE_LENGTH


def test_a_reply_that_is_being_written_is_neither_rated_nor_edited(
    chat: Chat, generations: Generations, talk: Conversation
) -> None:
    free = threading.Event()
    generations.start(talk.id, [], keep=lambda replies: free.wait(20))
    unwritten = len(talk.turns) + 1
    with pytest.raises(Busy, match="still being answered"):
        chat.rate(talk.id, unwritten, 1)
    with pytest.raises(Busy, match="still being answered"):
        chat.edit(talk.id, unwritten, "My words.")
    chat.rate(talk.id, 1, 1)  # an earlier reply can be rated meanwhile
    free.set()
    assert chat.get(talk.id).turns[1].rating == 1


def test_the_page_says_why_a_reply_that_is_being_written_is_neither_rated_nor_edited(
    chat: Chat, generations: Generations, talk: Conversation
) -> None:
    free = threading.Event()
    generations.start(talk.id, [], keep=lambda replies: free.wait(20))
    unwritten = len(talk.turns) + 1
    liked = gr.LikeData(None, {"index": unwritten, "value": "", "liked": True})
    edited = gr.EditData(None, {"index": unwritten, "previous_value": "", "value": "My words."})
    for line in (replies.rate(chat, talk.id, liked), replies.edit(chat, talk.id, edited)):
        assert "The last message is still being answered" in line
    free.set()
