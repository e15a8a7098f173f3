"""Compressed files: gzip, and zip archives with one data file."""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from feedback_app.formats.errors import BadRecord
from feedback_app.formats.jsonl import MEBIBYTE, FileTooLarge, Limits, chunks

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# Python decompresses all other kinds without a limit on memory.
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DATA_FILES = (".jsonl", ".json", ".ndjson", ".parquet", ".gz")
LONGEST_MAGIC = 4
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, ValueError, OSError, EOFError)
"""What reading a damaged zip raises."""


def peek(source: Iterable[bytes], least: int = LONGEST_MAGIC) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a file given in pieces, and an iterator over the whole file."""
    pieces = iter(source)
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= least:
            break
    return start, chain([start], pieces)


def unpacked(source: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """The decompressed file; a plain file is returned unchanged. Raises BadRecord, FileTooLarge."""
    start, pieces = peek(source)
    if start.startswith(ZIP):
        return _unzipped(pieces, limits)
    return _plain(_ungzipped(pieces, limits)) if start.startswith(GZIP) else pieces


def _inside(source: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """The data file in a zip, which may itself be compressed with gzip. Raises BadRecord, FileTooLarge."""
    start, pieces = peek(source)
    return _plain(_ungzipped(pieces, limits) if start.startswith(GZIP) else pieces)


def _plain(source: Iterable[bytes]) -> Iterator[bytes]:
    """Refuse a file that is compressed once more, because nesting could go on without end. Raises BadRecord."""
    start, pieces = peek(source)
    if start.startswith((GZIP, *ZIP)):
        raise BadRecord("is packed more than once: unpack it first")
    yield from pieces


def _ungzipped(pieces: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """Decompress in bounded steps, so that a small file that expands to a huge one is refused early."""
    size, inner, whole = 0, zlib.decompressobj(wbits=31), True
    try:
        for piece in pieces:
            rest, whole = piece, False
            while rest:
                part = inner.decompress(rest, MEBIBYTE)
                size += len(part)
                limits.check(size)
                if part:
                    yield part
                rest = inner.unconsumed_tail
                if whole := inner.eof:
                    rest, inner = inner.unused_data, zlib.decompressobj(wbits=31)
    except zlib.error as error:
        raise BadRecord("is not a readable gzip file") from error
    if not whole:
        raise BadRecord("is a gzip file that is not whole")


def _unzipped(pieces: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        size = 0
        for piece in pieces:
            size += file.write(piece)
            limits.check(size)
        try:
            yield from _only_member(file, limits)
        except (BadRecord, FileTooLarge):
            raise
        except UNREADABLE as error:
            raise BadRecord("is not a readable zip file") from error


def _only_member(file: BinaryIO, limits: Limits) -> Iterator[bytes]:
    with zipfile.ZipFile(file) as archive:
        names = [
            one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
        ]
        data = [one for one in names if one.filename.lower().endswith(DATA_FILES)]
        if len(data) != 1:
            raise BadRecord(
                f"is a zip with {len(data) or 'no'} data files: it must have exactly one (.jsonl, .json or .parquet)"
            )
        if data[0].compress_type not in BOUNDED:
            raise BadRecord("is a zip compressed in an unusual way: pack it with Deflate, the usual one")
        size = 0
        with archive.open(data[0]) as member:
            for piece in _inside(chunks(member), limits):  # type: ignore[arg-type]
                size += len(piece)
                limits.check(size)
                yield piece
