"""How many records each export holds: read once, and again only when the data has changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedback_app.domain.preference import preference_pairs
from feedback_app.formats import kto, sft
from feedback_app.formats.catalogue import FORMATS
from feedback_app.formats.pairs import carried
from feedback_app.services.dataset.unpaired_feedback import PersonaOf, edited_in_chats, given_ratings
from feedback_app.store import Store


@dataclass(frozen=True, slots=True)
class ExportCount:
    """`left_out` records have what the format cannot carry (an empty reply, twice the same reply, broken Unicode), or are
    damaged."""

    records: int
    left_out: int


def stamp(store: Store) -> tuple[Any, ...]:
    """Changes whenever anything does that an export holds, and is cheap to ask for: nothing of the text is read."""
    given = (store.ratings.count(), store.demonstrations.count(), store.conversations.stamp())
    return (store.outcomes.stamp(), *given)


class Sizes:
    """The counts, with the stamp of the data that they are of."""

    def __init__(self, store: Store, persona: PersonaOf | None) -> None:
        self._store = store
        self._persona = persona
        self._counted: tuple[tuple[Any, ...], Mapping[str, ExportCount]] = ((), {})

    def known(self) -> Mapping[str, ExportCount]:
        """By format, as far as nothing has to be read for it."""
        of, counts = self._counted
        return counts if of == stamp(self._store) else {}

    def now(self) -> Mapping[str, ExportCount]:
        """By format. What changes while the data is read is counted the next time."""
        begun = stamp(self._store)
        of, counts = self._counted
        if of != begun:
            counts = self._count()
            self._counted = (begun, counts)
        return counts

    def _count(self) -> dict[str, ExportCount]:
        """Every comparison is read once."""
        rankings, pairs, single, said = (Counter[bool]() for _ in range(4))
        for comparison in self._store.comparisons.judged(damaged=True):
            rankings[comparison.damaged] += 1
            if comparison.damaged:
                continue
            if (rewrite := sft.edited(comparison)) is not None:
                said[sft.carried(rewrite)] += 1
            for pair in preference_pairs(comparison):
                fits = carried(pair)
                pairs[fits] += 1
                single[fits] += len(kto.taken_apart(pair))
        single.update(map(kto.carried, given_ratings(self._store, self._persona)))
        said.update(map(sft.carried, self._store.demonstrations.all()))
        said.update(map(sft.carried, edited_in_chats(self._store, self._persona)))
        counts = dict.fromkeys(FORMATS, _counted(pairs))
        single_replies = {"kto": _counted(single), "sft": _counted(said)}
        return {**counts, **single_replies, "rankings": ExportCount(rankings[False], rankings[True])}


def _counted(fits: Counter[bool]) -> ExportCount:
    return ExportCount(fits[True], fits[False])
