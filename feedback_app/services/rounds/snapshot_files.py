"""The rows of a stored snapshot as records that can be compared with another's, or with what is stored now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.snapshot.reader import CHANGED, SnapshotFolder, open_snapshot
from alignment.contract.snapshot.schema import DEMONSTRATIONS, PAIRS, RANKINGS, RATINGS
from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration, RankedReplies, Rating
from feedback_app.domain.snapshot import (
    BrokenSnapshot,
    RecordKind,
    SnapshotRecord,
    content_digest,
    from_pairs,
)

FILES: dict[RecordKind, str] = {"rankings": RANKINGS, "ratings": RATINGS, "demonstrations": DEMONSTRATIONS}


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """`kinds` are those that it holds: the first snapshots held pairs alone."""

    folder: SnapshotFolder
    created_at: datetime

    @property
    def counts(self) -> Mapping[str, int]:
        return self.folder.manifest.counts

    @property
    def kinds(self) -> set[RecordKind]:
        return {kind for kind, name in FILES.items() if name in self.folder.manifest.files}

    def check(self) -> None:
        """Whether every file is as it was written. Raises BrokenSnapshot."""
        try:
            self.folder.verify()
        except InvalidSnapshot as invalid:
            raise BrokenSnapshot(str(invalid)) from None

    def records(self, kinds: set[RecordKind], by_pairs: bool) -> Iterator[SnapshotRecord]:
        """All of those kinds; rankings put together from the pairs where they are asked for that way. Raises
        BrokenSnapshot."""
        try:
            yield from self._paired() if by_pairs else self._ranked()
            for kind in kinds & {"ratings", "demonstrations"}:
                for row in self.folder.rows(FILES[kind]):
                    yield single(kind, _prompt(row), row["reply"], bool(row.get("good", True)))
        except (InvalidSnapshot, KeyError, TypeError):
            raise BrokenSnapshot(CHANGED) from None

    def _ranked(self) -> Iterator[SnapshotRecord]:
        for row in self.folder.rows(RANKINGS):
            replies, places = tuple(row["replies"]), tuple(row["places"])
            yield ranking(
                RankedReplies(_prompt(row), replies, places, row["comparison_id"], row["annotator"])
            )

    def _paired(self) -> Iterator[SnapshotRecord]:
        """The pairs of a comparison stand together."""
        for comparison, rows in groupby(self.folder.rows(PAIRS), key=lambda row: str(row["comparison_id"])):
            first, *more = rows
            pairs = [(row["chosen"], row["rejected"]) for row in (first, *more)]
            yield from_pairs(_prompt(first), pairs, comparison)


def read_folder(path: Path) -> StoredSnapshot:
    """What the manifest says. Raises BrokenSnapshot."""
    try:
        folder = open_snapshot(path)
        return StoredSnapshot(folder, datetime.fromisoformat(folder.manifest.created_at))
    except InvalidSnapshot as invalid:
        raise BrokenSnapshot(str(invalid)) from None
    except ValueError:
        raise BrokenSnapshot("the snapshot's manifest does not say when it was made") from None


def size(path: Path) -> int:
    """Bytes of all files in the folder."""
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())


def ranking(ranked: RankedReplies) -> SnapshotRecord:
    """Told from others by its comparison alone: where the owner ranks again what was imported, a verdict has changed."""
    name = ranked.comparison_id
    return SnapshotRecord("rankings", name, ranked.prompt, ranked.replies, ranked.places, name)


def rating(given: Rating) -> SnapshotRecord:
    return single("ratings", given.prompt, given.reply, given.good)


def demonstration(given: Demonstration) -> SnapshotRecord:
    return single("demonstrations", given.prompt, given.reply, True)


def single(kind: RecordKind, prompt: tuple[Message, ...], reply: str, good: bool) -> SnapshotRecord:
    """Told from others by its prompt and reply."""
    turns = [[message.role, message.content] for message in prompt]
    return SnapshotRecord(kind, content_digest([turns, reply]).hex(), prompt, (reply,), (0 if good else 1,))


def _prompt(row: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(Message(turn["role"], turn["content"]) for turn in row["prompt"])
