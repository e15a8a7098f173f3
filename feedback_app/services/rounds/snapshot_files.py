"""Reading a snapshot's folder: a manifest and Parquet files, as the worker writes them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as pq

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration, RankedReplies, Rating
from feedback_app.domain.snapshot import BrokenSnapshot, Kind, Record, digest_of, from_pairs

MANIFEST, PAIRS = "manifest.json", "pairs.parquet"
FILES: dict[Kind, str] = {
    "rankings": "rankings.parquet",
    "ratings": "ratings.parquet",
    "demonstrations": "demonstrations.parquet",
}
BATCH = 1000
CHANGED = (
    "the snapshot changed since it was written, or a part of it is missing: queue a round to write a new one"
)


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """`kinds` are those that it holds: the first ones held pairs alone."""

    path: Path
    created_at: datetime
    counts: dict[str, int]
    hashes: dict[str, str]
    heldout_fraction: float

    @property
    def kinds(self) -> set[Kind]:
        return {kind for kind, name in FILES.items() if name in self.hashes}

    def check(self) -> None:
        """Whether every file is as it was written. Raises BrokenSnapshot."""
        for name, expected in self.hashes.items():
            try:
                with (self.path / Path(name).name).open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                raise BrokenSnapshot(CHANGED) from None
            if found != expected:
                raise BrokenSnapshot(CHANGED)

    def records(self, kinds: set[Kind], by_pairs: bool) -> Iterator[Record]:
        """All of those kinds; rankings put together from the pairs where they are asked for that way. Raises
        BrokenSnapshot."""
        try:
            yield from self._paired() if by_pairs else self._ranked()
            for kind in kinds & {"ratings", "demonstrations"}:
                for row in self._rows(FILES[kind]):
                    yield single(kind, _prompt(row), row["reply"], bool(row.get("good", True)))
        except (OSError, pyarrow.ArrowException, KeyError, TypeError):
            raise BrokenSnapshot(CHANGED) from None

    def _ranked(self) -> Iterator[Record]:
        for row in self._rows(FILES["rankings"]):
            replies, places = tuple(row["replies"]), tuple(row["places"])
            yield ranking(
                RankedReplies(_prompt(row), replies, places, row["comparison_id"], row["annotator"])
            )

    def _paired(self) -> Iterator[Record]:
        """The pairs of a comparison stand together."""
        for comparison, rows in groupby(self._rows(PAIRS), key=lambda row: str(row["comparison_id"])):
            first, *more = rows
            pairs = [(row["chosen"], row["rejected"]) for row in (first, *more)]
            yield from_pairs(_prompt(first), pairs, comparison)

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        with pq.ParquetFile(self.path / name) as file:
            for batch in file.iter_batches(BATCH):
                yield from batch.to_pylist()


def read_folder(path: Path) -> SnapshotFolder:
    """What the manifest says. Raises BrokenSnapshot."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return SnapshotFolder(
            path,
            datetime.fromisoformat(manifest["created_at"]),
            {str(name): int(count) for name, count in manifest["counts"].items()},
            {str(name): str(found) for name, found in manifest["files"].items()},
            float(manifest.get("heldout_fraction", 0.0)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BrokenSnapshot("the snapshot has no readable manifest: its export did not finish") from None


def size(path: Path) -> int:
    """Bytes of all files in the folder."""
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def ranking(ranked: RankedReplies) -> Record:
    """Told from others by its comparison alone: where the owner ranks again what was imported, a verdict has changed."""
    name = ranked.comparison_id
    return Record("rankings", name, ranked.prompt, ranked.replies, ranked.places, name)


def rating(given: Rating) -> Record:
    return single("ratings", given.prompt, given.reply, given.good)


def demonstration(given: Demonstration) -> Record:
    return single("demonstrations", given.prompt, given.reply, True)


def single(kind: Kind, prompt: tuple[Message, ...], reply: str, good: bool) -> Record:
    """Told from others by its prompt and reply."""
    turns = [[message.role, message.content] for message in prompt]
    return Record(kind, digest_of([turns, reply]).hex(), prompt, (reply,), (0 if good else 1,))


def _prompt(row: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(Message(turn["role"], turn["content"]) for turn in row["prompt"])
