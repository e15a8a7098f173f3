"""The same change to all comparisons that match a search, a batch in a transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.services.dataset.curation import Curation, checked_tags

Action = Literal["exclude", "include", "delete", "tag"]
BATCH = 500


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """Of about `total` comparisons that match, `done` were looked at and `changed` were changed; a deletion changes more than match
    where a pair was ranked twice."""

    done: int
    changed: int
    total: int


def change_all(
    curation: Curation, wanted: RankingSearch, action: Action, tags: Iterable[str] = ()
) -> Iterator[BulkProgress]:
    """Change all matches, newest first; whoever stops reading stops the change after a batch, and what was changed stays changed.
    The first progress comes before any change. Raises IndexBehind, InvalidTag."""
    change = _change(curation, action, checked_tags(tags))
    progress = BulkProgress(0, 0, curation.find(wanted, limit=1).found)
    ids = curation.each_id(wanted)
    yield progress
    while batch := list(islice(ids, BATCH)):
        done = progress.done + len(batch)
        progress = BulkProgress(done, progress.changed + len(change(batch)), max(progress.total, done))
        curation.index_changes()
        yield progress


def _change(
    curation: Curation, action: Action, tags: tuple[str, ...]
) -> Callable[[Sequence[str]], Sequence[str]]:
    match action:
        case "exclude":
            return curation.take_out
        case "include":
            return curation.bring_back
        case "delete":
            return curation.delete
        case "tag":
            return lambda ids: curation.add_tags(ids, tags)
