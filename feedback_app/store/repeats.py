"""Repeats: pairs that the owner is asked to rank a second time."""

from dataclasses import dataclass

from sqlalchemy import Subquery, select

from feedback_app.domain.comparison import Comparison
from feedback_app.store.comparison_rows import comparison_from, select_comparisons
from feedback_app.store.comparisons import Comparisons
from feedback_app.store.database import Database
from feedback_app.store.tables import comparisons, rankings
from feedback_app.store.types import array_length

OWNER = "owner"


MOST_CANDIDATES = 500
"""Rankings among which a pair to repeat is looked for."""
MOST_PAIRS = 2_000


@dataclass(frozen=True, slots=True)
class Repeats:
    database: Database

    def candidates(self, ago: int) -> list[tuple[str, str, tuple[str, ...]]]:
        """(id, prompt key, tags) of the comparisons that may be repeated, oldest ranking first: arena comparisons of two
        replies that the owner ranked at least `ago` comparisons ago, not all bad, neither a repeat nor repeated before. The
        newest MOST_CANDIDATES rankings before those are looked at."""
        repeat = comparisons.alias("repeat")
        again = select(repeat.c.id).where(repeat.c.repeat_of == comparisons.c.id)
        older = _older(ago)
        query = (
            select(comparisons.c.id, comparisons.c.prompt_key, comparisons.c.tags)
            .join_from(older, comparisons, comparisons.c.id == older.c.comparison_id)
            .where(comparisons.c.source == "arena", comparisons.c.repeat_of.is_(None), ~again.exists())
            .where(older.c.all_bad.is_(False), array_length(comparisons.c.candidates) == 2)
            .order_by(older.c.created_at, comparisons.c.id)
        )
        with self.database.read() as connection:
            return [(row[0], row[1], tuple(row[2])) for row in connection.execute(query)]

    def ranked_pairs(self) -> list[tuple[Comparison, Comparison]]:
        """(original, repeat) pairs where both are ranked, in the order of the repeats, without damaged ones: the newest
        MOST_PAIRS."""
        ids = select(comparisons.c.id).where(comparisons.c.repeat_of.is_not(None))
        newest_first = (comparisons.c.created_at.desc(), comparisons.c.id.desc())
        query = select_comparisons().where(comparisons.c.id.in_(ids)).order_by(*newest_first)
        with self.database.read() as connection:
            rows = connection.execute(query.limit(MOST_PAIRS)).mappings()
            repeats = [comparison_from(row) for row in rows if row["ranking_comparison_id"] is not None]
        repeats.reverse()
        originals = Comparisons(self.database).of([str(repeat.repeat_of) for repeat in repeats])
        pairs = [(originals[str(c.repeat_of)], c) for c in repeats if str(c.repeat_of) in originals]
        return [pair for pair in pairs if pair[0].ranking is not None and not any(c.damaged for c in pair)]


def _older(ago: int) -> Subquery:
    """The newest rankings of the owner, but for the last `ago`."""
    newest_first = (rankings.c.created_at.desc(), rankings.c.comparison_id.desc())
    owned = select(rankings.c.comparison_id, rankings.c.created_at, rankings.c.all_bad)
    owned = owned.where(rankings.c.annotator == OWNER).order_by(*newest_first)
    return owned.offset(ago).limit(MOST_CANDIDATES).subquery()
