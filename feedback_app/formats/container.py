"""Reads the records of a file: JSON Lines, a JSON array, pretty-printed JSON or Parquet."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from feedback_app.domain import json_rules
from feedback_app.domain.json_rules import Unfit
from feedback_app.formats import compression, jsonl, parquet
from feedback_app.formats.errors import BadRecord, Problems
from feedback_app.formats.jsonl import BOM, MEBIBYTE, Limits

Numbered = tuple[int, dict[str, Any]]
"""A record with its line, or its number in an array or a Parquet file, from 1."""
WHITE = re.compile(r"[ \t\r\n]*")
BEGINNING = MEBIBYTE
"""How many bytes are inspected to tell JSON Lines from pretty-printed JSON."""
# How much more text is read when a value looks broken: it may only be cut off.
MORE = 64 * 1024


def records(source: Iterable[bytes], limits: Limits, problems: Problems) -> Iterator[Numbered]:
    """The records of a file given in pieces. What cannot be read is added to the problems. Raises FileTooLarge."""
    try:
        start, pieces = compression.peek(_bounded(compression.unpacked(source, limits), limits), BEGINNING)
        if start.startswith(parquet.MAGIC):
            yield from parquet.rows(pieces, limits, problems)
        elif _spans_lines(start):
            yield from _values(pieces, problems)
        else:
            yield from _lines(pieces, limits, problems)
    except (BadRecord, Unfit) as error:
        problems.add(0, str(error))


def is_parquet(start: bytes) -> bool:
    """Whether a file with this beginning is Parquet."""
    return start.startswith(parquet.MAGIC)


def _bounded(pieces: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        limits.check(size)
        yield piece


def _spans_lines(start: bytes) -> bool:
    """Whether the JSON spans several lines: an array, or an object that does not end on its first line."""
    text = start.removeprefix(BOM).lstrip()
    if text.startswith(b"["):
        return True
    first, _, rest = text.partition(b"\n")
    if not text.startswith(b"{") or not rest.strip():
        return False
    try:
        jsonl.parsed(first.strip())
    except BadRecord:
        return _whole_object(text.decode(errors="ignore"), len(first.decode(errors="ignore")))
    return False


def _whole_object(text: str, first_line: int) -> bool:
    try:
        return json.JSONDecoder().raw_decode(text)[1] > first_line
    except (ValueError, RecursionError):
        return text[:first_line].strip() == "{"


def _lines(pieces: Iterable[bytes], limits: Limits, problems: Problems) -> Iterator[Numbered]:
    for number, line in jsonl.lines(pieces, limits, problems):
        try:
            yield number, jsonl.parsed(line)
        except BadRecord as error:
            problems.add(number, str(error))


def _values(pieces: Iterable[bytes], problems: Problems) -> Iterator[Numbered]:
    """The items of an array, or consecutive values, with one in memory at a time."""
    for number, value in enumerate(_decoded(pieces), start=1):
        if not isinstance(value, dict):
            problems.add(number, "is not a JSON object")
        elif fault := json_rules.fault_in(value):
            problems.add(number, fault)
        else:
            yield number, value


def _decoded(pieces: Iterable[bytes]) -> Iterator[Any]:
    """Decode values one by one. Raises BadRecord at the first that is not JSON."""
    reader = Reader(pieces)
    array = reader.next() == "["
    if array:
        reader.take()
    more = reader.next() not in ("]", "")
    while more:
        yield reader.value()
        after = reader.next()
        if array and after == ",":
            reader.take()
            if reader.next() in ("]", ""):
                raise reader.broken("Expecting value")
        elif array and after not in ("]", ""):
            raise reader.broken("Expecting ',' delimiter")
        more = after not in ("]", "")
    if not array:
        return
    if reader.next() != "]":
        raise reader.broken("Expecting ']'")
    reader.take()
    if reader.next():
        raise reader.broken("Extra data")


class Reader:
    """Decodes JSON values from UTF-8 bytes that arrive in pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False
        self._line, self._line_began = (
            1,
            0,
        )  # the line of the next character, and where that line begins in the buffered text

    def next(self) -> str:
        """The next character that is not white space, without consuming it; empty at the end."""
        while True:
            if blank := WHITE.match(self._text, self._at):
                self._skip(blank.end())
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self) -> None:
        self._skip(self._at + 1)

    def value(self) -> Any:
        """The next value. Raises BadRecord."""
        while True:
            try:
                value, end = json_rules.next_value(self._text, self._at)
            except json.JSONDecodeError as error:
                # A value that was cut off looks broken too: read on, twice as much each time.
                place = error.pos - self._at
                if not self._filled(max(2 * (len(self._text) - self._at), MORE)):
                    raise self.broken(error.msg, self._at + place) from error
            else:
                # A number at the very end of a piece may continue in the next one.
                if end == len(self._text) and self._more():
                    continue
                self._skip(end)
                return value

    def broken(self, reason: str, at: int | None = None) -> BadRecord:
        """The error with its line and column."""
        place = self._at if at is None else at
        line = self._line + self._text.count("\n", self._at, place)
        newline = self._text.rfind("\n", self._at, place)
        began = self._line_began if newline < 0 else newline + 1
        return BadRecord(f"is not JSON: {reason} (line {line}, column {place - began + 1})")

    def _filled(self, wanted: int) -> bool:
        """Read until `wanted` characters are buffered. Returns whether there was more to read."""
        before = len(self._text) - self._at
        while len(self._text) - self._at < wanted and self._more():
            pass
        return len(self._text) - self._at > before

    def _more(self) -> bool:
        """Read another piece. Returns whether there was one."""
        if self._ended:
            return False
        piece = next(self._pieces, None)
        self._ended = piece is None
        try:
            read = self._utf8.decode(piece or b"", final=self._ended)
        except UnicodeDecodeError as error:
            raise BadRecord("is not UTF-8") from error
        self._text = self._text[self._at :] + read
        self._line_began -= self._at
        self._at = 0
        return not self._ended

    def _skip(self, to: int) -> None:
        if newlines := self._text.count("\n", self._at, to):
            self._line += newlines
            self._line_began = self._text.rfind("\n", self._at, to) + 1
        self._at = to
