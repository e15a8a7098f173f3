"""What the arena shows next: a fresh prompt, sometimes a repeated pair, or the most informative pair of four replies."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import combinations

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.comparisons import generation_requests, with_replies
from feedback_app.services.arena.prompt_packs import PackPrompt
from feedback_app.services.arena.repeats import Repeats
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.batch import GeneratedReply, repeated_replies
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import Store

ENOUGH_VOTES = 10
"""Rankings below which the model's doubts say nothing."""
DRAFT_REPLIES = 4


def pairs_to_choose_from(comparison: Comparison) -> list[tuple[int, int]]:
    """Pairs of candidates by index: of different texts, and of two models where there are such; none where all are alike."""
    pairs = list(combinations(range(len(comparison.candidates)), 2))
    models = [candidate.model for candidate in comparison.candidates]
    texts = [candidate.text.strip() for candidate in comparison.candidates]
    apart = [(i, j) for i, j in pairs if texts[i] != texts[j]]
    return [(i, j) for i, j in apart if models[i] != models[j]] or apart


class DraftComparisons:
    """Replies written off the page: four, of which the two are shown whose ranking teaches most."""

    def __init__(
        self,
        store: Store,
        arena: Arena,
        generations: Generations,
        live: LiveRewardService,
        desks: Sequence[str],
        chance: random.Random,
    ) -> None:
        self._store = store
        self._arena = arena
        self._generations = generations
        self._live = live
        self._desks = desks
        self._chance = chance
        self.writing: set[str] = set()
        """Keys of the prompts on their way."""

    def begin(self, prompt: PackPrompt) -> None:
        """Have four replies written; the comparison is stored when they are. Raises UnknownModel, GenerationFailed."""
        draft = self._arena.planner.plan([Message("user", prompt.prompt)], DRAFT_REPLIES, tags=prompt.tags)
        requests = generation_requests(draft)
        self.writing.add(prompt.key)
        try:
            self._generations.start(
                f"draft:{draft.id}",
                requests,
                keep=lambda replies: self._keep(prompt.key, draft, replies),
                fail=lambda: self.writing.discard(prompt.key),
                background=True,
                useless=repeated_replies,
            )
        except Exception:
            self.writing.discard(prompt.key)
            raise

    def _keep(self, key: str, draft: Comparison, replies: Sequence[GeneratedReply]) -> None:
        """A draft that was stopped on its way is let go, as is one whose replies are all alike."""
        try:
            written = replace(draft, candidates=with_replies(draft, replies))
            allowed = pairs_to_choose_from(written)
            if allowed and all(reply.finish for reply in replies):
                chosen = self._chosen(written, allowed)
                self._store.comparisons.add_all([chosen], self._desks)
                self._live.replies_written(chosen)
        finally:
            self.writing.discard(key)

    def _chosen(self, draft: Comparison, allowed: list[tuple[int, int]]) -> Comparison:
        """Two of the replies as a comparison of its own. Where the model could not say, any two: that is random."""
        informative = self._live.informative_pair(draft, allowed)
        pair = list(informative or self._chance.choice(allowed))
        self._chance.shuffle(pair)
        shown = [draft.candidates[i] for i in pair]
        return replace(
            draft,
            candidates=tuple(replace(c, id=f"c{i}", position=i) for i, c in enumerate(shown, start=1)),
            status=ComparisonStatus.open,
            selection="active" if informative else "random",
            created_at=datetime.now(UTC),
        )


class PairSelection:
    """`active_rate` is the share of the comparisons prepared ahead for which the model chooses the pair."""

    def __init__(
        self,
        arena: Arena,
        live: LiveRewardService,
        repeats: Repeats,
        drafts: DraftComparisons,
        active_rate: float,
        chance: random.Random,
    ) -> None:
        self._arena = arena
        self._live = live
        self._repeats = repeats
        self._drafts = drafts
        self._active_rate = active_rate
        self._chance = chance

    def open(self, topic: str | None, n: int, background: bool = False) -> Comparison | None:
        """A comparison to judge now, or later (`background`); None where no prompt suits."""
        if n == 2 and (repeat := self._repeats.maybe(partial(self._arena.suits_key, topic))) is not None:
            self._live.replies_written(repeat)
            return repeat
        prompt = self._arena.draw(topic, self._drafts.writing)
        if prompt is None:
            return None
        return self._arena.open([Message("user", prompt.prompt)], n, tags=prompt.tags, background=background)

    def prepare(self, topic: str | None, n: int) -> None:
        """The comparison after the one that is being read. One draft at a time; it comes when it is done."""
        if self._drafts.writing:
            return
        if n != 2 or not self._chooses():
            self.open(topic, n, background=True)
        elif (prompt := self._arena.draw(topic)) is not None:
            self._drafts.begin(prompt)

    def _chooses(self) -> bool:
        return self._live.state().votes >= ENOUGH_VOTES and self._chance.random() < self._active_rate
