"""JSON Lines: converts bytes to numbered objects and back in bounded memory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from feedback_app.domain import json_rules
from feedback_app.domain.json_rules import NotJson, Unfit
from feedback_app.errors import Invalid
from feedback_app.formats.errors import BadRecord, Problems

MEBIBYTE = 1024 * 1024
T = TypeVar("T")
# JSON allows these characters unescaped, but some readers treat them as line ends.
UNSAFE = "\x85\u2028\u2029"
ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
NO_OBJECT = "is not a JSON object: one object a line is needed (JSONL)"
BOM = b"\xef\xbb\xbf"


class FileTooLarge(Invalid, ValueError):
    """The file is over the limit, which the message names."""

    status = 413


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file and line of an import, in bytes. A line can hold the largest record that the service accepts (see
    `text_rules`) with every character escaped."""

    file: int = 256 * MEBIBYTE
    line: int = 64 * MEBIBYTE

    def check(self, size: int) -> None:
        """Raises FileTooLarge."""
        if size > self.file:
            raise FileTooLarge(
                f"the file is larger than {mebibytes(self.file)}: split it and import the parts one by one"
            )


def mebibytes(size: int) -> str:
    return f"{size / MEBIBYTE:g} MiB"


def dumped(record: Mapping[str, Any]) -> bytes:
    """One line with its line end. Raises ValueError for what JSON cannot hold: a lone surrogate or a number that is not finite."""
    text = ENCODER.encode(record)
    for character in UNSAFE:
        if character in text:
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode() + b"\n"


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in pieces of a fixed size."""
    while piece := file.read(MEBIBYTE // 4):
        yield piece


def lines(source: Iterable[bytes], limits: Limits, problems: Problems) -> Iterator[tuple[int, bytes]]:
    """The non-blank lines, numbered from 1, from pieces of any size. Raises FileTooLarge.

    A line over the limit is added to the problems and not kept in memory.
    """
    held, size, number, too_long = bytearray(), 0, 1, False
    for piece in source:
        size += len(piece)
        limits.check(size)
        first, *rest = piece.split(b"\n")
        held += first
        for following in rest:
            if too_long or len(held) > limits.line:
                problems.add(number, f"is longer than {mebibytes(limits.line)}")
            elif line := _bare(held, number):
                yield number, line
            held, number, too_long = bytearray(following), number + 1, False
        if len(held) > limits.line + len(BOM) + 1:
            held, too_long = bytearray(), True
    if too_long or len(held) > limits.line:
        problems.add(number, f"is longer than {mebibytes(limits.line)}")
    elif line := _bare(held, number):
        yield number, line


def _bare(line: bytearray, number: int) -> bytes:
    """The line without byte order mark and surrounding white space, including the CR of a Windows line end."""
    return bytes(line.removeprefix(BOM) if number == 1 else line).strip()


def parsed(line: bytes) -> dict[str, Any]:
    """The object on a line. Raises BadRecord."""
    try:
        value = json_rules.parsed(line)
    except NotJson as error:
        if line.startswith(b"["):  # probably a pretty-printed array
            raise BadRecord(NO_OBJECT) from error
        raise BadRecord(str(error)) from error
    except Unfit as error:
        raise BadRecord(str(error)) from error
    if not isinstance(value, dict):
        raise BadRecord(NO_OBJECT)
    return value


def read(
    source: Iterable[bytes], load: Callable[[dict[str, Any]], T], limits: Limits, problems: Problems
) -> Iterator[T]:
    """Apply `load` to each line. Lines that it refuses are added to the problems. Raises FileTooLarge."""
    for number, line in lines(source, limits, problems):
        try:
            yield load(parsed(line))
        except BadRecord as error:
            problems.add(number, str(error))
