"""Two versions beside each other in the chat: both hear the same messages, each answers in a conversation of its own.

Rounds learn from a ranking of two replies as from any other, but the person knew which version wrote
which: such a comparison has `selection` `named` and `source` `chat`, and the leaderboard, which counts blind votes only,
leaves it out as it leaves out active picks. Two replies can be ranked as long as both versions heard the same before: a
comparison has one prompt, and after the first exchange each version goes on from its own reply. From there on, thumbs say
what is good, each on its own thread.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from uuid import NAMESPACE_OID, uuid5

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    InvalidPrompt,
    InvalidRanking,
    Ranking,
    Sampling,
)
from feedback_app.domain.conversation import Conversation, Turn, same_context
from feedback_app.services.arena.arena import Arena
from feedback_app.services.chat.chat import TITLE_LENGTH, Chat
from feedback_app.services.generation.versions import Models
from feedback_app.store import ComparisonNotFound, ConversationNotFound, Store

Better = Literal["left", "right", "tie", "bad"]
SOURCE = "chat"
LEFT, RIGHT = "c1", "c2"
GROUPS: dict[Better, tuple[tuple[str, ...], ...]] = {
    "left": ((LEFT,), (RIGHT,)),
    "right": ((RIGHT,), (LEFT,)),
    "tie": ((LEFT, RIGHT),),
    "bad": ((LEFT, RIGHT),),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """`left` names `right`, and stands for both in the list."""

    left: Conversation
    right: Conversation

    @property
    def both(self) -> tuple[Conversation, Conversation]:
        return self.left, self.right


@dataclass(frozen=True, slots=True)
class Growing:
    """A conversation, and what of its next reply is written; None where none is being written."""

    conversation: Conversation
    writing: str | None


class SideBySide:
    """The acts on both at once; what is done to one reply is the chat's. A pair is named by its left conversation."""

    def __init__(
        self, store: Store, models: Models, chat: Chat, arena: Arena, sampling: Callable[[], Sampling]
    ) -> None:
        self._store = store
        self._models = models
        self._chat = chat
        self._arena = arena
        self._sampling = sampling

    def check(self, model: str, version: str) -> None:
        """Whether the two, by name or alias, are two versions. Raises UnknownModel, InvalidPrompt."""
        name = self._models.resolve(model)
        if name == self._models.resolve(version):
            raise InvalidPrompt(
                f"{self._models.called(name)} answers here already: pick a different version to compare"
            )

    def join(self, conversation_id: str, version: str) -> Pair:
        """Put a version, by name or alias, beside a conversation; it is told what was said so far, the replies too. Thumbs
        and rewrites stay with the version that they were given to. Raises UnknownModel, InvalidPrompt, Busy."""
        left = self._chat.get(conversation_id)
        self.check(left.model, version)
        if left.beside is not None:
            raise InvalidPrompt("two versions answer already: keep one of them first")
        self._check_idle(left)
        turns = tuple(replace(turn, rating=None, original=None) for turn in left.turns)
        right = Conversation(self._models.resolve(version), left.persona, left.title, turns)
        self._store.conversations.put_beside(left.id, right)
        return self.pair(left.id)

    def pair(self, conversation_id: str) -> Pair:
        """Raises ConversationNotFound, where it is alone too."""
        left = self._chat.get(conversation_id)
        if left.beside is None:
            raise ConversationNotFound("no other version answers beside this conversation: reload the page")
        return Pair(left, self._chat.get(left.beside))

    def say(self, conversation_id: str, text: str) -> None:
        """Tell both and have both answer. Raises InvalidPrompt, Busy."""
        pair = self.pair(conversation_id)
        self._check_idle(*pair.both)
        for one in pair.both:
            self._chat.say(one.id, text)

    def regenerate(self, conversation_id: str) -> None:
        """Another reply of each. Raises InvalidPrompt, Busy."""
        pair = self.pair(conversation_id)
        self._check_idle(*pair.both)
        for one in pair.both:
            self._chat.regenerate(one.id)

    def stop(self, conversation_id: str) -> None:
        for one in self.pair(conversation_id).both:
            self._chat.stop(one.id)

    def keep(self, conversation_id: str, kept: str) -> Conversation:
        """Go on with one of them alone. The other becomes a conversation of its own, and its version is named in its title.
        Raises Busy."""
        pair = self.pair(conversation_id)
        self._check_idle(*pair.both)
        here, other = pair.both if kept == pair.left.id else pair.both[::-1]
        self._store.conversations.part(pair.left.id)
        self._chat.rename(here.id, pair.left.title)
        of = f" · {self._models.called(other.model).removeprefix('the ')}"
        self._chat.rename(other.id, pair.left.title[: max(0, TITLE_LENGTH - len(of))] + of)
        return self._chat.get(here.id)

    def writing(self, pair: Pair) -> bool:
        return any(self._chat.writing(one.id) for one in pair.both)

    def watch(self, pair: Pair, seconds: float) -> Iterator[tuple[Growing, Growing]]:
        """Both as they grow, every so many seconds, until both are written."""
        while self.writing(pair):
            yield self._growing(pair.left), self._growing(pair.right)
            time.sleep(seconds)

    def rank(self, conversation_id: str, better: Better) -> Comparison:
        """Keep which of the last replies is better, as the owner's ranking; another ranking on the same replies replaces it.
        Raises InvalidRanking, Busy."""
        pair = self.pair(conversation_id)
        self._check_idle(*pair.both)
        comparison = self._comparison(pair)
        self._store.comparisons.add(comparison)
        ranking = Ranking(GROUPS[better], all_bad=better == "bad", source=SOURCE)
        return self._arena.rank(comparison.id, ranking)

    def outcome(self, pair: Pair) -> Better | None:
        """What was said of the last replies."""
        if not same_context(*pair.both):
            return None
        try:
            ranking = self._store.comparisons.get(_id(pair)).ranking
        except ComparisonNotFound:
            return None
        if ranking is None or ranking.all_bad:
            return None if ranking is None else "bad"
        return next(better for better, groups in GROUPS.items() if groups == ranking.groups)

    def _comparison(self, pair: Pair) -> Comparison:
        """The last replies, as the versions wrote them, to what both had heard."""
        if not same_context(*pair.both):
            raise InvalidRanking(
                "only two replies to the same conversation can be ranked: these differ before"
            )
        texts = [_written(one.turns[-1]) for one in pair.both]
        if texts[0] == texts[1]:
            raise InvalidRanking("both say the same, so there is nothing to compare: regenerate, or go on")
        sampling, persona = self._sampling(), pair.left.persona_of(pair.left.turns[-1])
        candidates = (
            Candidate(name, place, one.model, text, sampling, len(one.turns) - 1, finish="stop")
            for place, (name, one, text) in enumerate(zip((LEFT, RIGHT), pair.both, texts, strict=True), 1)
        )
        return Comparison(
            messages=self._chat.prompt(pair.left.id, persona),
            candidates=tuple(candidates),
            id=_id(pair),
            status=ComparisonStatus.open,
            source=SOURCE,
            persona=persona,
            selection="named",
        )

    def _growing(self, conversation: Conversation) -> Growing:
        text = self._chat.partial_reply(conversation.id)
        return Growing(self._chat.get(conversation.id) if text is None else conversation, text)

    def _check_idle(self, *conversations: Conversation) -> None:
        self._chat.check_idle(*(one.id for one in conversations))


def _id(pair: Pair) -> str:
    """The same for the same two replies, so that a ranking on them is kept once."""
    reply_ids = "/".join(f"{one.id}@{one.turns[-1].created_at.isoformat()}" for one in pair.both)
    return str(uuid5(NAMESPACE_OID, reply_ids))


def _written(turn: Turn) -> str:
    return turn.content if turn.original is None else turn.original
