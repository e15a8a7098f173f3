"""The arena: open a comparison, watch its replies being written, rank them, undo."""

import random
from collections.abc import Callable, Collection, Sequence

from feedback_app.domain.comparison import (
    Comparison,
    ComparisonStatus,
    Message,
    Ranking,
)
from feedback_app.domain.preference import prompt_key
from feedback_app.engines.base import Caller
from feedback_app.services.arena.comparisons import (
    EDIT,
    EarlierTurn,
    drawn,
    earlier_turns,
    generation_requests,
    with_replies,
    with_texts,
)
from feedback_app.services.arena.planning import ComparisonPlanner
from feedback_app.services.arena.prompt_packs import Interests, PackPrompt, PromptPacks
from feedback_app.services.generation.background import Generations, Problem
from feedback_app.services.generation.batch import (
    GeneratedReply,
    Generation,
    GenerationFailed,
    repeated_replies,
)
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import Page, Store

WAITING = 40
"""Comparisons without a ranking among which a refresh looks for one to go on with."""
ALIKE = "the replies came out word for word alike, so there is nothing to compare: try again, or ask something else"


class Arena:
    """Comparisons from the prompt to the ranking. `desks` are the names of the annotation desks that hear of each ranking."""

    def __init__(
        self,
        store: Store,
        planner: ComparisonPlanner,
        generations: Generations,
        packs: PromptPacks,
        desks: tuple[str, ...],
        chance: random.Random,
        live: LiveRewardService,
        interests: Callable[[], Interests] = Interests,
    ) -> None:
        self._store = store
        self._generations = generations
        self._desks = desks
        self._chance = chance
        self._live = live
        self.planner, self.packs, self.interests = planner, packs, interests

    def draw(self, topic: str | None = None, taken: Collection[str] = ()) -> PackPrompt | None:
        """A prompt from the packs that suits the owner, has not been asked yet, and whose key is not `taken`."""
        return self.packs.draw(
            self._chance,
            topic,
            self.interests(),
            lambda keys: self._store.comparisons.asked(keys).union(taken),
            self._store.prompts.skipped,
        )

    def suits(self, topic: str | None, comparison: Comparison) -> bool:
        """Whether its prompt could be drawn for the topic now."""
        return self.suits_key(topic, prompt_key(comparison.messages), comparison.tags)

    def suits_key(self, topic: str | None, key: str, tags: Sequence[str]) -> bool:
        """The same of a comparison that was not read: by the key of its prompt, and its tags."""
        return self.packs.suits(key, tags, topic, self.interests())

    def open(
        self,
        messages: Sequence[Message],
        n: int | None = None,
        models: Sequence[str] = (),
        source: str = "arena",
        tags: Sequence[str] = (),
        background: bool = False,
    ) -> Comparison:
        """Store a comparison and begin to write its replies; in the `background` where nobody waits for them yet.
        Raises InvalidPrompt, UnknownModel."""
        comparison = self.planner.plan(messages, n, models, source, tags)
        self._store.comparisons.add(comparison)
        self.write(comparison, background)
        return comparison

    def regenerate(self, comparison_id: str, background: bool = False) -> Comparison:
        """Fresh replies to the same prompt; the comparison there was is skipped. Raises InvalidRanking once it is ranked."""
        old = self.get(comparison_id)
        self.skip(comparison_id)
        return self.open(old.messages, len(old.candidates), tags=old.tags, background=background)

    def follow(self, comparison_id: str, reply: str, prompt: str, n: int | None = None) -> Comparison:
        """The next turn of its conversation: `reply` is a candidate's id, or `edit` for the owner's rewrite.
        Raises ComparisonNotFound, InvalidRanking, InvalidPrompt."""
        before = self.get(comparison_id)
        edited = before.ranking.edit if before.ranking is not None and reply == EDIT else None
        answer = Message("assistant", edited or before.candidate(reply).text)
        return self.open([*before.messages, answer, Message("user", prompt)], n)

    def compare(
        self,
        messages: Sequence[Message],
        n: int | None = None,
        models: Sequence[str] = (),
        caller: Caller | None = None,
    ) -> Comparison:
        """Open a comparison for the API and wait for its replies. Raises GenerationFailed too, also where the caller leaves;
        then nothing is kept, as nobody knows its id."""
        caller = caller or Caller()
        opened = self.planner.plan(messages, n, models, source="api")
        self._store.comparisons.add(opened)
        try:
            self.write(opened, caller=caller).wait()
            if caller.left:
                raise GenerationFailed("the reader left before the replies were written")
            return self._ready(opened.id)
        except GenerationFailed:
            self._store.curation.delete([opened.id], ())
            raise

    def growing(self, comparison_id: str) -> Comparison:
        """The comparison as far as it is written. Replies cut off by a restart begin anew."""
        comparison = self.get(comparison_id)
        if comparison.status != ComparisonStatus.generating:
            return comparison
        texts = self.write(comparison).texts()
        now = self.get(comparison_id)
        return with_texts(now, texts) if now.status == ComparisonStatus.generating else now

    def earlier(self, comparison: Comparison) -> dict[int, EarlierTurn]:
        """Where the earlier replies of its conversation come from, by their index among its messages."""
        return earlier_turns(self._store, comparison)

    def problem(self, comparison_id: str) -> Problem | None:
        """Why its replies could not be written, where that is still known."""
        return self._generations.problem(comparison_id)

    def answers(self, comparison_id: str) -> bool:
        """Whether the engine can write its replies now. Raises ComparisonNotFound."""
        return self._generations.answers(
            {candidate.model for candidate in self.get(comparison_id).candidates}
        )

    def unfinished(self, topic: str | None = None) -> Comparison | None:
        """The newest comparison of the page that has no ranking, and that the owner asked for or that suits: where a refresh
        goes on."""
        waiting = self._store.comparisons.waiting("arena", WAITING)
        return next((c for c in waiting if not drawn(c) or self.suits(topic, c)), None)

    def get(self, comparison_id: str) -> Comparison:
        """By its id or the beginning of it. Raises ComparisonNotFound, AmbiguousId."""
        return self._store.comparisons.get(self._store.ids.comparison(comparison_id))

    def page(self, status: ComparisonStatus | None, cursor: str | None, limit: int) -> Page:
        """Comparisons, newest first."""
        return self._store.comparisons.page(status, cursor, limit)

    def rank(self, comparison_id: str, ranking: Ranking) -> Comparison:
        """Keep the ranking, in one write. Raises ComparisonNotFound, InvalidRanking."""
        ranked = self._store.comparisons.rank(comparison_id, ranking, self._desks)
        self._live.ranking_changed(comparison_id)
        return ranked

    def undo(self, comparison_id: str) -> Comparison:
        """Take a ranking or a skip back. Raises ComparisonNotFound."""
        reopened = self._store.comparisons.unrank(comparison_id, self._desks)
        self._live.ranking_changed(comparison_id)
        return reopened

    def skip(self, comparison_id: str) -> None:
        """Leave a comparison without a ranking; replies still on their way are stopped."""
        self.stop(comparison_id)
        self._store.comparisons.skip(comparison_id, self._desks)
        self._live.ranking_changed(comparison_id)

    def stop(self, comparison_id: str) -> None:
        """End the replies that are still being written, if any are."""
        if generation := self._generations.find(comparison_id):
            generation.stop()

    def counts(self) -> dict[str, int]:
        return self._store.comparisons.counts()

    def write(
        self, comparison: Comparison, background: bool = False, caller: Caller | None = None
    ) -> Generation:
        """Begin to write its replies, or find them being written."""
        return self._generations.start(
            comparison.id,
            generation_requests(comparison),
            keep=lambda replies: self._keep(comparison, replies),
            fail=lambda: self._store.comparisons.fail(comparison.id),
            background=background,
            useless=repeated_replies if comparison.source == "arena" else None,
            caller=caller,
        )

    def _keep(self, comparison: Comparison, replies: Sequence[GeneratedReply]) -> None:
        """Replies that were stopped on their way are not kept: whoever looks has them written anew. The page shows none
        that says what another says. Raises GenerationFailed where fewer than two are left."""
        if all(reply.finish for reply in replies):
            filled = with_replies(comparison, replies)
            if comparison.source == "arena":
                alike = repeated_replies(replies)
                filled = tuple(candidate for i, candidate in enumerate(filled) if i not in alike)
            if len(filled) < 2:
                raise GenerationFailed(ALIKE)
            self._live.replies_written(self._store.comparisons.fill(comparison.id, filled, self._desks))

    def _ready(self, comparison_id: str) -> Comparison:
        comparison = self._store.comparisons.get(comparison_id)
        if comparison.status in (ComparisonStatus.failed, ComparisonStatus.generating):
            raise GenerationFailed("the replies could not be written: try again, or see the service's log")
        return comparison
