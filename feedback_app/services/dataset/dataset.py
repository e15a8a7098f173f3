"""The preference dataset, out and back in: every format of docs/formats.md."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import chain

from feedback_app.domain.documents import PairDocument
from feedback_app.formats import jsonl, kto, rankings, sft
from feedback_app.formats.catalogue import FORMATS, IMPORTS, PAIRS, UnknownFormat, exported
from feedback_app.formats.errors import ImportRefused, LineError
from feedback_app.formats.jsonl import FileTooLarge, Limits
from feedback_app.formats.pairs import carried
from feedback_app.formats.reading import AUTO, Look, look
from feedback_app.formats.unused import CannotIgnore
from feedback_app.services.dataset.exports import ExportCount, ExportFailed, Sizes, lines, parquet_file
from feedback_app.services.dataset.import_storing import take_back_unfinished
from feedback_app.services.dataset.imports import Importer, ImportReport, Meter, Watch, unwatched
from feedback_app.services.dataset.unpaired_feedback import (
    PersonaOf,
    stored_demonstrations,
    stored_pairs,
    stored_ratings,
)
from feedback_app.store import Store

__all__ = [
    "AUTO",
    "FORMATS",
    "IMPORTS",
    "PAIRS",
    "CannotIgnore",
    "Dataset",
    "ExportCount",
    "ExportFailed",
    "FileTooLarge",
    "ImportRefused",
    "ImportReport",
    "LineError",
    "Look",
    "UnknownFormat",
]


class Dataset:
    """Exports and imports, of which the `desks` of those names hear. `persona` gives a persona by its name: its system prompt goes before
    what was said of its replies in a chat."""

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
                return parquet_file(self._pairs())
            case "rankings":
                return lines(filter(None, self._store.documents.ranked()), rankings.record_of)
            case "kto":
                ratings = stored_ratings(self._store, self._persona)
                return chain(lines(filter(kto.carried, ratings), kto.dump), self._pairs_taken_apart())
            case "sft":
                written = stored_demonstrations(self._store, self._persona)
                return lines(filter(sft.carried, written), sft.dump)
            case _:
                return lines(self._pairs(), PAIRS[format].record_of)

    def _pairs(self) -> Iterator[PairDocument]:
        return filter(carried, stored_pairs(self._store))

    def _pairs_taken_apart(self) -> Iterator[bytes]:
        parts = ((pair, good) for pair in self._pairs() for good in (True, False))
        return lines(parts, lambda part: kto.record_of_reply(*part))

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
        self,
        format: str | None,
        content: bytes | Iterable[bytes],
        watch: Watch = unwatched,
        size: int = 0,
        *,
        ignore: Iterable[str] = (),
        trial: bool = False,
    ) -> ImportReport:
        """Take in a file, given whole or in pieces of any size: all of it, or nothing. Without a format, or with `auto`, the file's records
        tell it.

        What an export of the same format would give already is skipped. `ignore` names fields to leave out; a `trial` stores nothing.
        `watch` hears how far it is (the `size` in bytes is told as the total) and may end it. Raises UnknownFormat, CannotIgnore,
        FileTooLarge, ImportRefused, and what `watch` raises.
        """
        meter = Meter(watch, len(content) if isinstance(content, bytes) else size)
        pieces = jsonl.chunks(BytesIO(content)) if isinstance(content, bytes) else content
        importer = Importer(self._store, self._persona, self._limits, self._desks)
        return importer.take(format, pieces, meter, ignore, trial)

    def recover(self) -> None:
        """Take back what imports stored whose process died. Does nothing while an import runs."""
        with self._store.imports.turn(0.0) as acquired:
            if acquired:
                take_back_unfinished(self._store, self._desks)

    def look(self, format: str | None, pieces: Iterable[bytes]) -> Look:
        """What a file is, from its first records. Raises UnknownFormat, FileTooLarge, ImportRefused."""
        return look(pieces, format, self._limits)
