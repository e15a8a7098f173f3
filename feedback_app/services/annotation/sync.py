"""Synchronises our rankings with an annotation server: pull, resolve conflicts, push."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from feedback_app.desks.base import (
    OWNER,
    AnnotationDesk,
    DeskRanking,
    DeskRefused,
    DeskUnavailable,
    Pulled,
)
from feedback_app.desks.records import desk_record, digest, owner_ranking, ranking_of
from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking
from feedback_app.services.annotation.conflict_resolution import NOTHING_AGREED, resolve_conflict
from feedback_app.store import Agreed, ComparisonNotFound, OutboxItem, Store

log = structlog.get_logger()

BATCH = 100
LOOKED_UP = 500
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
REST = 5.0
"""After a pull, the desk is left alone for so many times as long as the pull took."""
PROBLEMS_KEPT = 50
PATIENCE = 60.0
"""Longer than the push of a worker takes, in seconds."""
ANEW = timedelta(minutes=10)
"""After so long everything is read whether or not the desk says that it changed: not every way to answer is told of."""

Key = tuple[str, str]
Change = tuple[Key, DeskRanking | None]


@dataclass(slots=True)
class PullResult:
    """What a pull did: rankings taken and given, agreements to note, and what could not be used."""

    taken: int = 0
    agreed: dict[Key, Agreed] = field(default_factory=dict)
    gone: list[Key] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class DeskSync:
    """One desk and our store. `others` are the names of the other desks, which hear of what this one brings."""

    def __init__(self, store: Store, desk: AnnotationDesk, others: tuple[str, ...] = ()) -> None:
        self._store = store
        self._desk = desk
        self._others = others

    def run(self, budget: float = 20.0) -> None:
        """Pull if it is time, then push what is due, for about `budget` seconds. A desk that another worker is at, or that
        cannot be worked with, is left alone: what was not done is done the next time."""
        with self._store.desks.turn(self._desk.name) as ours:
            if ours:
                self._run(budget)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else works with the desk until the block ends. Raises DeskUnavailable where somebody does for long."""
        with self._store.desks.turn(self._desk.name, PATIENCE) as ours:
            if not ours:
                raise DeskUnavailable(
                    f"a worker is busy with {self._desk.name}: wait until it is done, then try again"
                )
            yield

    def _run(self, budget: float) -> None:
        """As `run`. Why a desk cannot be worked with becomes its state."""
        name, state = self._desk.name, self._store.desks.state(self._desk.name)
        if datetime.now(UTC) < state.try_after:
            return
        try:
            self.pull()
            self.push(budget)
            self.clear()
        except (DeskUnavailable, DeskRefused) as error:
            desk_state = "away" if isinstance(error, DeskUnavailable) else "refused"
            log.warning("a desk cannot be worked with", desk=name, state=desk_state, reason=str(error))
            wait = timedelta(seconds=wait_after(state.failures))
            failed = {"failures": state.failures + 1, "try_after": datetime.now(UTC) + wait}
            self._store.desks.set_state(name, state=desk_state, reason=str(error), **failed)
        else:
            if state.state != "connected":
                self._store.desks.set_state(name, state="connected", reason="", failures=0)

    def pull(self, at_once: bool = False) -> int:
        """Take what annotators have said; how many rankings changed here. Raises DeskUnavailable, DeskRefused."""
        name, state = self._desk.name, self._store.desks.state(self._desk.name)
        if not at_once and datetime.now(UTC) < state.pull_after:
            return 0
        anew = at_once or datetime.now(UTC) > state.pull_after + ANEW
        began = time.monotonic()
        pulled = self._desk.pull("" if anew else state.mark)
        if pulled is None:
            return 0
        settled = self._settle(pulled)
        self._store.desks.agree(name, settled.agreed)
        self._store.desks.forget(name, settled.gone)
        problems = [f"{p.comparison_id or 'a record'}, {p.annotator}: {p.reason}" for p in pulled.problems]
        rest = timedelta(seconds=REST * (time.monotonic() - began))
        self._store.desks.set_state(
            name,
            mark=pulled.mark,
            problems=(problems + settled.problems)[:PROBLEMS_KEPT],
            pull_after=datetime.now(UTC) + rest,
        )
        return settled.taken

    def push(self, budget: float = 20.0) -> int:
        """Bring what is due to the desk, the newest first, so that a fresh vote never waits behind a backlog. How many
        arrived. Raises DeskUnavailable, DeskRefused."""
        deadline = time.monotonic() + budget
        arrived = 0
        while items := self._store.outbox.due(datetime.now(UTC), BATCH, self._desk.name):
            arrived += self._push(items)
            if time.monotonic() > deadline:
                break
        return arrived

    def clear(self) -> int:
        """Have the desk delete what was deleted here for good; how many. Raises DeskUnavailable, DeskRefused."""
        name = self._desk.name
        if gone := self._store.desks.orphans(name):
            self._desk.delete(frozenset(gone))
            self._store.desks.forget_all(name, gone)
        return len(gone)

    def _push(self, items: list[OutboxItem]) -> int:
        known = self._store.comparisons.of([item.comparison_id for item in items])
        comparisons = list(known.values())
        guesses = self._store.guesses.of([comparison.id for comparison in comparisons])
        pushed = self._desk.push([desk_record(each, guesses.get(each.id)) for each in comparisons])
        theirs = {ranking.comparison_id: ranking for ranking in pushed.rankings}
        kept = [comparison for comparison in comparisons if comparison.id not in pushed.refused]
        agreed = {(c.id, OWNER): Agreed(digest(owner_ranking(c)), digest(theirs.get(c.id))) for c in kept}
        self._store.desks.agree(self._desk.name, agreed)
        for item in items:
            if (reason := pushed.refused.get(item.comparison_id)) is not None:
                log.warning("a desk refused a comparison", desk=item.desk, comparison=item.comparison_id)
                self._store.outbox.refused(item.id, reason)
        done = [item.id for item in items if item.comparison_id not in pushed.refused]
        self._store.outbox.delivered(done)
        return len(kept)

    def _settle(self, pulled: Pulled) -> PullResult:
        """Settle each ranking that is not as agreed: those the desk has, and those it no longer has."""
        agreed, settled = self._store.desks.agreed(self._desk.name), PullResult()
        for key, theirs in self._ours(_changed(pulled, agreed)):
            comparison = self._find(key[0])
            if comparison is None:  # deleted meanwhile
                continue
            try:
                self._one(key, comparison, theirs, agreed.get(key), settled)
            except InvalidRanking as error:
                settled.problems.append(f"{key[0]}, {key[1]}: {error}")
        settled.gone += [key for key in agreed if key[0] not in pulled.listed]
        return settled

    def _ours(self, changed: Iterator[Change]) -> Iterator[Change]:
        """Those of comparisons that are stored here, looked up many at a time: a desk may list any number of records that were
        never ours. Records of comparisons that were deleted here are deleted there by `clear`."""
        while batch := list(islice(changed, LOOKED_UP)):
            stored = self._store.comparisons.stored({key[0] for key, _ in batch})
            yield from (change for change in batch if change[0][0] in stored)

    def _one(
        self,
        key: Key,
        comparison: Comparison,
        theirs: DeskRanking | None,
        agreed: Agreed | None,
        settled: PullResult,
    ) -> None:
        if key[1] != OWNER:
            self._take_annotation(key[1], comparison, theirs)
            settled.taken += 1
            settled.agreed[key] = Agreed("", digest(theirs))
            return
        ours = owner_ranking(comparison)
        step = resolve_conflict(ours, theirs, agreed)
        if step == "take":
            comparison = self._take(comparison, theirs)
            settled.taken += 1
        elif step == "give":
            self._store.outbox.enqueue([comparison.id], [self._desk.name])
        if step in ("take", "agree"):
            settled.agreed[key] = Agreed(digest(owner_ranking(comparison)), digest(theirs))

    def _take(self, comparison: Comparison, theirs: DeskRanking | None) -> Comparison:
        """The owner's ranking from the desk, as if it had been given in the arena. Raises InvalidRanking."""
        comparisons = self._store.comparisons
        if theirs is not None and theirs.state == "submitted":
            ranking = ranking_of(theirs, comparison, self._desk.name)
            return comparisons.rank(comparison.id, ranking, self._others, was=comparison)
        if comparison.status in (ComparisonStatus.ranked, ComparisonStatus.skipped):
            comparison = comparisons.unrank(comparison.id, self._others)
        return comparisons.skip(comparison.id, self._others) if theirs else comparison

    def _take_annotation(self, annotator: str, comparison: Comparison, theirs: DeskRanking | None) -> None:
        if theirs is not None and theirs.state == "submitted":
            self._store.annotations.put(comparison, ranking_of(theirs, comparison, self._desk.name))
        else:
            self._store.annotations.remove(comparison.id, annotator)

    def _find(self, comparison_id: str) -> Comparison | None:
        try:
            return self._store.comparisons.get(comparison_id)
        except ComparisonNotFound:
            return None


def _changed(pulled: Pulled, agreed: dict[Key, Agreed]) -> Iterator[Change]:
    """Rankings that the desk has and that are not as agreed, then those that it had, then the owner's that it might have had:
    of a record that the desk lists something was agreed, unless that was lost. Drafts say nothing yet."""
    seen: set[Key] = {(problem.comparison_id, problem.annotator) for problem in pulled.problems}
    for ranking in pulled.rankings:
        key = (ranking.comparison_id, ranking.annotator)
        seen.add(key)
        if ranking.state != "draft" and digest(ranking) != agreed.get(key, NOTHING_AGREED).theirs:
            yield key, ranking
    for key, was in agreed.items():
        could = pulled.annotators is None or key[1] in pulled.annotators
        if could and key[0] in pulled.listed and key not in seen and was.theirs:
            yield key, None
    if pulled.annotators is None or OWNER in pulled.annotators:
        owners = ((comparison_id, OWNER) for comparison_id in pulled.listed)
        yield from ((key, None) for key in owners if key not in seen and key not in agreed)


def wait_after(attempts: int) -> float:
    """Seconds until the next try after so many failed ones: 2, 4, 8, … at most 60."""
    return float(min(FIRST_WAIT * 2.0 ** min(attempts, 10), LONGEST_WAIT))
