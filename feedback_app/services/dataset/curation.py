"""Find, correct, withdraw, restore and delete the owner's rankings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Ranking, checked_ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.domain.text_rules import MOST_TAGS, name_fault
from feedback_app.errors import Invalid, Unavailable
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.repeats import SelfAgreement, self_agreement
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import ComparisonNotFound, Store
from feedback_app.store.search import Choices

PAGE = 20
MOST_UNINDEXED = 5_000
"""Comparisons that a request for all matches brings into the search index itself."""
WHOLE = 32
"""An id of so many characters is not looked up: a page may name a hundred thousand."""


class InvalidTag(Invalid, ValueError):
    """A tag that no tag may be; the message says what one may be."""


class IndexBehind(Unavailable, RuntimeError):
    """So many comparisons are not in the search index yet that not all matches can be found."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A comparison with the ranking that was taken out of it, if one was."""

    comparison: Comparison
    taken_out: Ranking | None = None

    @property
    def as_ranked(self) -> Comparison:
        """As it was when its ranking counted, where that was taken out; else as it is."""
        if self.taken_out is None:
            return self.comparison
        return replace(self.comparison, ranking=self.taken_out, status=ComparisonStatus.ranked)


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of entries. `found` is the number of all of them, or an estimate where `estimated`. `unindexed` comparisons changed
    since the search index was brought up to date, and may be missing."""

    entries: list[Entry]
    found: int
    next_cursor: str | None
    estimated: bool = False
    unindexed: int = 0


@dataclass(frozen=True, slots=True)
class Consistency:
    """How the owner judged the same pairs twice; `differing` pairs were not judged the same way."""

    self_agreement: SelfAgreement
    pairs: int
    differing: int


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Without spaces around them, empty and equal ones. Raises InvalidTag."""
    kept = tuple(dict.fromkeys(filter(None, (" ".join(tag.split()) for tag in tags))))
    if len(kept) > MOST_TAGS:
        raise InvalidTag(f"a comparison has at most {MOST_TAGS} tags")
    if fault := next(filter(None, map(name_fault, kept)), None):
        raise InvalidTag(f"a tag {fault}")
    return kept


def _words(ranking: Ranking) -> tuple[object, ...]:
    """All that a ranking says, the same for the same in whatever order."""
    groups = tuple(frozenset(group) for group in ranking.groups)
    return groups, ranking.all_bad, frozenset(ranking.aspects), ranking.note.strip(), ranking.edit or ""


class Curation:
    """`desks` are the names of the annotation desks that hear of what changes."""

    def __init__(self, store: Store, arena: Arena, live: LiveRewardService, desks: Sequence[str]) -> None:
        self._store = store
        self._arena = arena
        self._live = live
        self.desks = desks

    def find(self, wanted: RankingSearch, cursor: str | None = None, limit: int = PAGE) -> EntryPage:
        """Newest first. A page may be short although it has a `next_cursor`. Raises InvalidCursor."""
        page = self._store.search.page(wanted, self._among(wanted), cursor, limit)
        out = self._store.curation.withdrawn([comparison.id for comparison in page.items])
        entries = [Entry(comparison, out.get(comparison.id)) for comparison in page.items]
        return EntryPage(entries, page.total, page.next_cursor, page.estimated, page.unindexed)

    def ids(self, wanted: RankingSearch) -> list[str]:
        """All that `find` finds, newest first, also what changed just now. Raises IndexBehind."""
        return list(self.each_id(wanted))

    def each_id(self, wanted: RankingSearch) -> Iterator[str]:
        """The same one by one, so that they need not be held at once. Raises IndexBehind."""
        if self._store.search_index.progress().pending > MOST_UNINDEXED:
            raise IndexBehind("the search index is being built: try again in a few minutes")
        while self._store.search_index.step():
            pass
        return self._store.search.ids(wanted, self._among(wanted))

    def index_changes(self) -> None:
        """Bring the newest changes, at most 1,000, into the search index."""
        self._store.search_index.step()

    def choices(self) -> Choices:
        return self._store.search.choices()

    def get(self, comparison_id: str) -> Entry:
        """Raises ComparisonNotFound."""
        out = self._store.curation.withdrawn([comparison_id])
        return Entry(self._arena.get(comparison_id), out.get(comparison_id))

    def guess(self, entry: Entry) -> Guess | None:
        """What the live reward model had expected; None before a ranking."""
        return None if entry.as_ranked.ranking is None else self._store.guesses.get(entry.comparison.id)

    def other_time(self, comparison: Comparison) -> Comparison | None:
        """The same pair as the owner judged it the other time; None while it was judged once."""
        if comparison.ranking is None:
            return None
        for name in self._store.curation.same_pairs([comparison.id]):
            other = self._known(name)
            if name != comparison.id and other is not None and other.ranking is not None:
                return other
        return None

    def edit(self, comparison_id: str, ranking: Ranking) -> Entry:
        """Another ranking, or other words with it, in place of the one there was: it counts, and is the owner's. What says
        the same changes nothing. Raises ComparisonNotFound, InvalidRanking."""
        entry = self.get(comparison_id)
        old = entry.as_ranked.ranking
        if old is not None and _words(old) == _words(checked_ranking(entry.comparison, ranking)):
            return entry
        self._arena.rank(comparison_id, replace(ranking, seconds=old.seconds if old else ranking.seconds))
        self._store.curation.forget(comparison_id)
        return self.get(comparison_id)

    def reopen(self, comparison_id: str) -> str:
        """Its ranking is taken back, so that it can be ranked anew in the arena. Raises ComparisonNotFound."""
        return self._arena.undo(comparison_id).id

    def tag(self, comparison_id: str, tags: Iterable[str]) -> Entry:
        """Raises ComparisonNotFound, InvalidTag."""
        self._store.curation.tag(comparison_id, checked_tags(tags))
        return self.get(comparison_id)

    def add_tags(self, ids: Sequence[str], tags: Sequence[str]) -> list[str]:
        """Add tags to those that comparisons have; the ids of those that lacked one. Raises InvalidTag for too many tags."""
        return self._store.curation.add_tags(self._whole(ids), lambda known: checked_tags((*known, *tags)))

    def take_out(self, ids: Sequence[str]) -> list[str]:
        """Rankings no longer count, but are kept; the ids of those that had one."""
        return self._changed(self._store.curation.take_out(self._whole(ids), self.desks))

    def bring_back(self, ids: Sequence[str]) -> list[str]:
        """The very same rankings count again; the ids of those that were taken out."""
        return self._changed(self._store.curation.bring_back(self._whole(ids), self.desks))

    def deletion(self, ids: Sequence[str]) -> list[str]:
        """All that `delete` would delete."""
        return self._store.curation.same_pairs(self._whole(ids))

    def delete(self, ids: Sequence[str]) -> list[str]:
        """For good: prompts, replies, rankings and guesses, with the same pairs where they came back. The ids of all."""
        whole = self._whole(ids)
        for name in whole:
            self._arena.stop(name)
        return self._changed(self._store.curation.delete(whole, self.desks))

    def consistency(self) -> Consistency:
        pairs = self._store.repeats.ranked_pairs()
        differing = sum(pair.outcome != "same" for pair in pairs)
        return Consistency(self_agreement(pairs), len(pairs), differing)

    def _whole(self, ids: Sequence[str]) -> list[str]:
        """The ids of which these are the beginnings; whole ones stay. Raises ComparisonNotFound, AmbiguousId."""
        return [name if len(name) >= WHOLE else self._store.ids.comparison(name) for name in ids]

    def _among(self, wanted: RankingSearch) -> frozenset[str] | None:
        """Those judged otherwise when they came back, both times, where that is wanted."""
        if not wanted.differs:
            return None
        differing = (pair for pair in self._store.repeats.ranked_pairs() if pair.outcome != "same")
        return frozenset(name for pair in differing for name in (pair.original, pair.repeat))

    def _changed(self, ids: list[str]) -> list[str]:
        self._live.rankings_changed(ids)
        return ids

    def _known(self, comparison_id: str) -> Comparison | None:
        try:
            return self._arena.get(comparison_id)
        except ComparisonNotFound:
            return None
