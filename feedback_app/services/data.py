"""The preference dataset, out and back in: every format of docs/formats.md."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, TypeVar

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating, preference_pairs
from feedback_app.formats import jsonl, kto, oasst, pandalm, parquet, rankings, sft
from feedback_app.formats.errors import ImportRefused, LineError, Problems
from feedback_app.formats.guess import guess_format
from feedback_app.formats.jsonl import FileTooLarge, Limits
from feedback_app.formats.listed import FORMATS, IMPORTS, PAIRS, UnknownFormat, exported, imported
from feedback_app.formats.pairs import carried, pair_id, ranked_comparison
from feedback_app.services.data_sizes import ExportCount, Sizes
from feedback_app.services.export import ExportFailed, lines, parquet_file
from feedback_app.services.given import PersonaOf, given_demonstrations, given_ratings
from feedback_app.services.progress import Meter, Watch, unwatched
from feedback_app.store import Store

__all__ = [
    "FORMATS",
    "IMPORTS",
    "PAIRS",
    "DataService",
    "ExportCount",
    "ExportFailed",
    "FileTooLarge",
    "ImportRefused",
    "ImportReport",
    "LineError",
    "UnknownFormat",
    "guess_format",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`skipped` records were there already."""

    added: int
    skipped: int


class DataService:
    """Exports and imports, of which the `desks` of those names hear. `persona` gives the persona of a rated chat, whose system prompt the chat began with."""

    def __init__(
        self,
        store: Store,
        persona: PersonaOf | None = None,
        limits: Limits | None = None,
        desks: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._persona = persona
        self._limits = limits or Limits()
        self._desks = desks
        self._sizes = Sizes(store, persona)

    def file_name(self, format: str) -> str:
        """What a download is called. Raises UnknownFormat."""
        ending = "parquet" if exported(format) == "parquet" else "jsonl"
        return f"codelynn-{format}.{ending}"

    def media_type(self, format: str) -> str:
        """Raises UnknownFormat."""
        return "application/vnd.apache.parquet" if exported(format) == "parquet" else "application/x-ndjson"

    def check_size(self, size: int) -> None:
        """Whether an upload may be this large, in bytes. Raises FileTooLarge."""
        self._limits.check(size)

    def export(self, format: str) -> Iterator[bytes]:
        """The dataset in pieces, read as it is sent: a line each, or parts of a Parquet file. Damaged records are left out.
        Raises UnknownFormat, and on the way ExportFailed."""
        match exported(format):
            case "parquet":
                return parquet_file(filter(carried, self._pairs()))
            case "rankings":
                return lines(self._store.comparisons.judged(), rankings.dump)
            case "kto":
                return lines(filter(kto.carried, self._ratings()), kto.dump)
            case "sft":
                given = given_demonstrations(self._store, self._persona)
                return lines(filter(sft.carried, given), sft.dump)
            case _:
                return lines(filter(carried, self._pairs()), PAIRS[format].dump)

    def count(self, format: str) -> ExportCount:
        """How much an export holds and leaves out now. Raises UnknownFormat."""
        return self._sizes.now()[exported(format)]

    def sizes(self) -> Mapping[str, ExportCount]:
        """The same of every format. The data is read where it has changed since the last time."""
        return self._sizes.now()

    def known_sizes(self) -> Mapping[str, ExportCount]:
        """The same at once; nothing where the data would have to be read."""
        return self._sizes.known()

    def import_(
        self, format: str, content: bytes | Iterable[bytes], watch: Watch = unwatched, size: int = 0
    ) -> ImportReport:
        """Take in a file, given whole or in pieces of any size: all of it, or nothing.

        What an export of the same format would give already is skipped. `watch` hears how far it is (the `size` in
        bytes is told as the total) and may end it. Raises UnknownFormat, FileTooLarge, ImportRefused, and what `watch`
        raises.
        """
        meter = Meter(watch, len(content) if isinstance(content, bytes) else size)
        pieces = jsonl.chunks(BytesIO(content)) if isinstance(content, bytes) else content
        source = meter.pieces(pieces)
        match imported(format):
            case "rankings":
                return self._add_comparisons(self._read(source, rankings.load, meter), meter)
            case "oasst":
                trees = self._read(source, oasst.load, meter)
                return self._add_comparisons([one for tree in trees for one in tree], meter)
            case "pandalm":
                problems = Problems()
                found = meter.read(pandalm.read(source, self._limits, problems))
                return self._add_comparisons(_whole(found, problems), meter)
            case "kto":
                return self._add_ratings(self._read(source, kto.load, meter), meter)
            case "sft":
                return self._add_demonstrations(self._read(source, sft.load, meter), meter)
            case "parquet":
                problems = Problems()
                pairs = _whole(meter.read(parquet.read(source, self._limits, problems)), problems)
            case _:
                pairs = self._read(source, PAIRS[format].load, meter)
        return self._add_pairs(pairs, f"import:{format}", meter)

    def _read(self, source: Iterable[bytes], load: Callable[[dict[str, Any]], T], meter: Meter) -> list[T]:
        problems = Problems()
        return _whole(meter.read(jsonl.read(source, load, self._limits, problems)), problems)

    def _pairs(self) -> Iterator[PreferencePair]:
        for comparison in self._store.comparisons.judged():
            yield from preference_pairs(comparison)

    def _ratings(self) -> Iterator[Rating]:
        """Imported ratings, thumbs in chats, and pairs taken apart."""
        yield from given_ratings(self._store, self._persona)
        for pair in filter(carried, self._pairs()):
            yield from kto.taken_apart(pair)

    def _add_pairs(self, pairs: Sequence[PreferencePair], source: str, meter: Meter) -> ImportReport:
        """A pair that occurs more often than it is known is added as often as that is so."""
        known = Counter(map(pair_id, meter.known(self._pairs())))
        begun, seen, fresh = datetime.now(UTC), Counter[str](), list[Comparison]()
        for pair in pairs:
            key = pair_id(pair)
            seen[key] += 1
            if seen[key] > known[key]:
                moment = begun + timedelta(microseconds=len(fresh))  # keeps the order of the file
                fresh.append(ranked_comparison(pair, source, seen[key], moment))
        return self._add_comparisons(fresh, meter, len(pairs))

    def _add_comparisons(
        self, comparisons: Sequence[Comparison], meter: Meter, read: int | None = None
    ) -> ImportReport:
        """Of `read` records, those that may be new."""
        stored = meter.stored(len(comparisons))
        added = self._store.comparisons.add_all(comparisons, self._desks, stored)
        return ImportReport(added, (len(comparisons) if read is None else read) - added)

    def _add_ratings(self, ratings: Sequence[Rating], meter: Meter) -> ImportReport:
        known = set(map(kto.rating_id, meter.known(self._ratings())))
        fresh = [r for r in ratings if kto.rating_id(r) not in known]
        added = self._store.ratings.add_all(fresh, meter.stored(len(fresh)))
        return ImportReport(added, len(ratings) - added)

    def _add_demonstrations(self, demonstrations: Sequence[Demonstration], meter: Meter) -> ImportReport:
        here = given_demonstrations(self._store, self._persona)
        known = set(map(sft.demonstration_id, meter.known(here)))
        fresh = [d for d in demonstrations if sft.demonstration_id(d) not in known]
        added = self._store.demonstrations.add_all(fresh, meter.stored(len(fresh)))
        return ImportReport(added, len(demonstrations) - added)


def _whole(records: Iterator[T], problems: Problems) -> list[T]:
    """All records of a file. Raises ImportRefused if it has a single problem; what was read is then let go."""
    kept: list[T] = []
    for record in records:
        if problems.count:
            kept.clear()
        else:
            kept.append(record)
    problems.refuse()
    return kept
