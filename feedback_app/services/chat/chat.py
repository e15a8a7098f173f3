"""Chat: conversations that are kept, streamed, stopped, regenerated and resumed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from feedback_app.domain.comparison import InvalidPrompt, Message, Sampling, checked_text
from feedback_app.domain.conversation import Conversation, Ending, Turn
from feedback_app.domain.persona import Persona, UnknownPersona
from feedback_app.domain.text_rules import LONGEST_CONVERSATION, LONGEST_EDIT
from feedback_app.engines.base import GenerationRequest
from feedback_app.errors import Conflict
from feedback_app.services.chat.reply_feedback import with_system_prompt
from feedback_app.services.generation.background import Generations, Problem
from feedback_app.services.generation.batch import GeneratedReply, Generation, empty_replies
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import Models
from feedback_app.store import ConversationNotFound, Store

TITLE_LENGTH = 48
ENDINGS: dict[Literal["stop", "length"] | None, Ending] = {"stop": "", "length": "length", None: "stopped"}


class Busy(Conflict, RuntimeError):
    """The conversation is being answered already."""


class Chat:
    """A conversation keeps the model version and the persona that it began with, until its owner chooses others.

    `best_of`: so many replies are written, and the one that the owner would like best is kept.
    """

    def __init__(
        self,
        store: Store,
        models: Models,
        generations: Generations,
        persona: Callable[[str], Persona],
        sampling: Callable[[], Sampling],
        best: BestOf,
    ) -> None:
        self._store = store
        self._models = models
        self._generations = generations
        self._persona = persona
        self._sampling = sampling
        self._best = best

    def begin(self, model: str, persona: str) -> Conversation:
        """A new conversation with a version or alias. Raises UnknownModel, UnknownPersona."""
        conversation = Conversation(model=self._models.resolve(model), persona=self._persona(persona).id)
        self._store.conversations.add(conversation)
        return conversation

    def get(self, conversation_id: str) -> Conversation:
        """By its id or the beginning of it. Raises ConversationNotFound, AmbiguousId."""
        return self._store.conversations.get(self._store.ids.conversation(conversation_id))

    def persona_name(self, persona: str) -> str:
        """The name of a persona; its id where its file is gone."""
        try:
            return self._persona(persona).name
        except UnknownPersona:
            return persona

    def rename(self, conversation_id: str, title: str) -> None:
        """Raises ConversationNotFound, InvalidPrompt."""
        short = checked_text(title.strip()[:TITLE_LENGTH], TITLE_LENGTH, "the title")
        self._store.conversations.rename(conversation_id, short)

    def delete(self, conversation_id: str) -> None:
        """Delete it, and the one beside it."""
        beside = self.get(conversation_id).beside
        for one in filter(None, (conversation_id, beside)):
            self.stop(one)
        self._store.conversations.delete(conversation_id)

    def check(self, best_of: int) -> None:
        """Whether so many replies can be chosen from. Raises NothingToChooseBy."""
        if best_of > 1:
            self._best.check()

    def check_idle(self, *conversation_ids: str) -> None:
        """Raises Busy while a reply is being written in any of these conversations."""
        if any(map(self._generations.find, conversation_ids)):
            raise Busy("the last message is still being answered: wait, or press stop")

    def say(self, conversation_id: str, text: str, best_of: int = 1) -> Iterator[str]:
        """Store the user's turn and stream the reply so far; of several the chosen one, at the end.

        Raises InvalidPrompt, Busy, NothingToChooseBy, GenerationFailed.
        """
        if not text.strip():
            raise InvalidPrompt("write something first")
        checked_text(text, LONGEST_CONVERSATION, "the message")
        self.check_idle(conversation_id)
        self.check(best_of)
        conversation = self._store.conversations.get(conversation_id)
        if not conversation.title:
            self._store.conversations.rename(conversation_id, title_of(text))
        self._store.conversations.append(conversation_id, Turn("user", text))
        return self.answer(conversation_id, best_of)

    def answer(self, conversation_id: str, best_of: int = 1) -> Iterator[str]:
        """Stream the reply to the last user turn; joins in where it is being written already."""
        generation = self._write(self._store.conversations.get(conversation_id), best_of)
        if generation.size == 1:
            return (texts[0] for texts in generation.watch())
        return self._chosen(conversation_id, generation)

    def regenerate(self, conversation_id: str, best_of: int = 1) -> Iterator[str]:
        """Write another reply to the last message; the one that stands there becomes an alternative. Raises InvalidPrompt
        where there is nothing to answer, NothingToChooseBy."""
        self.check_idle(conversation_id)
        turns = self._store.conversations.get(conversation_id).turns
        if not any(turn.role == "user" for turn in turns):
            raise InvalidPrompt("there is nothing to answer yet: write something first")
        self.check(best_of)
        self._store.conversations.set_aside(conversation_id)
        return self.answer(conversation_id, best_of)

    def choose(self, conversation_id: str, number: int) -> Conversation:
        """Let another of the replies to the last message stand, from which the conversation goes on. Raises InvalidRating,
        Busy."""
        self.check_idle(conversation_id)
        return self._store.conversations.choose(conversation_id, number)

    def switch(self, conversation_id: str, persona: str = "", model: str = "") -> Conversation:
        """Go on as another persona, or with another version or alias, from the next reply on; what is empty stays. The one beside it
        takes the persona too. Raises UnknownPersona, UnknownModel, InvalidPrompt, Busy."""
        here = self._store.conversations.get(conversation_id)
        both = [one for one in (here.id, here.beside) if one is not None]
        self.check_idle(*both)
        if model and here.beside is not None:
            raise InvalidPrompt("two versions answer here: keep one of them first")
        chosen = {"persona": self._persona(persona).id} if persona else {}
        if model:
            chosen["model"] = self._models.resolve(model)
        for one in both:
            self._store.conversations.become(one, chosen)
        return self._store.conversations.get(here.id)

    def stop(self, conversation_id: str, wait: bool = False) -> None:
        """End the reply that is being written; what is there is kept, the best where there are several.

        `wait`: until it is kept. Raises GenerationFailed then.
        """
        if generation := self._generations.find(conversation_id):
            generation.stop()
            if wait:
                generation.wait()

    def writing(self, conversation_id: str) -> bool:
        return self._generations.find(conversation_id) is not None

    def candidates(self, conversation_id: str) -> int:
        """How many replies are being written, 0 where none is."""
        generation = self._generations.find(conversation_id)
        return generation.size if generation else 0

    def partial_reply(self, conversation_id: str) -> str | None:
        """What of the reply is written; None where none is being written. Of several replies, nothing yet."""
        generation = self._generations.find(conversation_id)
        if generation is None:
            return None
        return generation.texts()[0] if generation.size == 1 else ""

    def problem(self, conversation_id: str) -> Problem | None:
        """Why its last reply could not be written, where that is still known."""
        return self._generations.problem(conversation_id)

    def rate(self, conversation_id: str, turn: int, thumb: Literal[1, -1] | None) -> None:
        """Set or take back the thumb on a reply. Raises InvalidRating, Busy for the reply that is being written."""
        if turn >= len(self._store.conversations.get(conversation_id).turns):
            self.check_idle(conversation_id)
        self._store.conversations.rate(conversation_id, turn, thumb)

    def edit(self, conversation_id: str, turn: int, text: str) -> None:
        """The owner's own words in place of a reply, from which a round can learn. Raises InvalidPrompt, InvalidRating, Busy."""
        if not text.strip():
            raise InvalidPrompt("a reply cannot be empty: write how you would have said it")
        checked_text(text, LONGEST_EDIT, "the reply")
        self.check_idle(conversation_id)
        self._store.conversations.edit(conversation_id, turn, text.strip())

    def prompt(self, conversation_id: str, persona: str = "") -> tuple[Message, ...]:
        """The conversation up to the owner's last message, as the model is asked; as another persona than its own where one is named.
        Raises InvalidPrompt."""
        conversation = self._store.conversations.get(conversation_id)
        asked = [i for i, turn in enumerate(conversation.turns) if turn.role == "user"]
        if not asked:
            raise InvalidPrompt("there is nothing to answer yet: write something first")
        system = self._persona(persona or conversation.persona).system_prompt
        return with_system_prompt(replace(conversation, turns=conversation.turns[: asked[-1] + 1]), system)

    def _write(self, conversation: Conversation, best_of: int) -> Generation:
        if not conversation.turns or conversation.turns[-1].role != "user":
            raise InvalidPrompt("there is nothing to answer yet: write something first")
        messages = with_system_prompt(conversation, self._persona(conversation.persona).system_prompt)
        sampling = self._sampling()
        seeds = range(len(conversation.turns), len(conversation.turns) + best_of)
        requests = [GenerationRequest(conversation.model, messages, sampling, seed) for seed in seeds]
        return self._generations.start(
            conversation.id,
            requests,
            keep=lambda replies: self._keep(conversation, messages, replies),
            fail=lambda: self._restore(conversation.id),
            useless=empty_replies,
        )

    def _chosen(self, conversation_id: str, generation: Generation) -> Iterator[str]:
        """Nothing while the candidates are written, then the one that was kept."""
        for _ in generation.watch():
            yield ""
        last = self._store.conversations.get(conversation_id).turns[-1]
        if last.role == "assistant":
            yield last.content

    def _keep(
        self, conversation: Conversation, messages: Sequence[Message], replies: Sequence[GeneratedReply]
    ) -> None:
        choice = self._best.choose(messages, [reply.text for reply in replies])
        reply = replies[choice.index]
        if not reply.text:
            self._restore(conversation.id)
            return
        turn = Turn(
            "assistant",
            reply.text,
            model=conversation.model,
            best_of=choice.of,
            chosen_by=choice.by,
            ending=ENDINGS[reply.finish],
            persona=conversation.persona,
        )
        self._store.conversations.append(conversation.id, turn)

    def _restore(self, conversation_id: str) -> None:
        """The reply that was there before stands again, where there was one."""
        with suppress(ConversationNotFound):  # deleted meanwhile
            self._store.conversations.choose(conversation_id)

    def list(self, limit: int = 100, words: str = "") -> list[Conversation]:
        """The conversations used last; with `words`, those in which they stand."""
        return self._store.conversations.list(limit, words.strip())


def title_of(message: str) -> str:
    """The beginning of a first message, on one line, cut between words."""
    line = " ".join(message.split())
    if len(line) <= TITLE_LENGTH:
        return line
    begun = line[:TITLE_LENGTH]
    words, _, _ = begun.rpartition(" ")
    return f"{words or begun[:-1]}…"
