"""Keeps the records of a file on disk between the check of the whole file and the storing of its parts."""

import json
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import IO

from feedback_app.domain.preference import PreferencePair
from feedback_app.formats.reading import WORDS, Item
from feedback_app.services.dataset.spooled_items import item_of, value_of

PART = 500
MASK = 2**64 - 1


class Spool:
    """The records in parts, in a temporary file that goes with the object. `kinds` counts them."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the object
        self._part: list[Item] = []
        self._hashes = array("Q")

    def __len__(self) -> int:
        return self.kinds.total()

    def add(self, item: Item) -> None:
        self.kinds[WORDS[type(item)]] += 1
        if isinstance(item, PreferencePair):
            self._hashes.append(content_hash(item))
        self._part.append(item)
        if len(self._part) == PART:
            self._write()

    def clear(self) -> None:
        """Let go of what was read: the file is refused."""
        self._part.clear()
        self._file.seek(0)
        self._file.truncate()

    def parts(self) -> Iterator[list[Item]]:
        """All records, in lists of bounded length."""
        self._write()
        self._file.seek(0)
        for line in self._file:
            yield list(map(item_of, json.loads(line)))

    def repeated(self) -> frozenset[int]:
        """The hashes of pairs that occur more than once."""
        hashes = sorted(self._hashes)
        return frozenset(one for one, after in pairwise(hashes) if one == after)

    def close(self) -> None:
        self._file.close()

    def _write(self) -> None:
        if self._part:
            self._file.write(json.dumps(list(map(value_of, self._part))).encode() + b"\n")
            self._part = []


def content_hash(pair: PreferencePair) -> int:
    """The same for the same prompt, chosen and rejected, within this process."""
    return hash((pair.prompt, pair.chosen, pair.rejected)) & MASK
