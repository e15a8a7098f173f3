"""Files in a wrapping: one gzip or zip around the data is read; all else is refused in a line, in bounded memory."""

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback_app.formats.jsonl import FileTooLarge, Limits
from feedback_app.formats.reading import opened
from tests.unit.formats.values import taken, why

PAIR = b'{"prompt": "Hi", "chosen": "Hello", "rejected": "ok"}\n'


def zipped(name: str, content: bytes, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def parquet(columns: list[tuple[str, list[str]]]) -> bytes:
    file = io.BytesIO()
    arrays = [pa.array(values) for _, values in columns]
    pq.write_table(pa.Table.from_arrays(arrays, names=[name for name, _ in columns]), file)
    return file.getvalue()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(PAIR), zipped("a.jsonl", PAIR), zipped("a.jsonl.gz", gzip.compress(PAIR))],
    ids=["gzip", "zip", "gzip in a zip"],
)
def test_what_is_packed_once_is_read(content: bytes) -> None:
    assert len(taken(content)[1]) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(gzip.compress(PAIR)), "is packed more than once: unpack it first"),
        (gzip.compress(zipped("a.jsonl", PAIR)), "is packed more than once: unpack it first"),
        (zipped("a.jsonl", zipped("a.jsonl", PAIR)), "is packed more than once: unpack it first"),
        (zipped("a.jsonl", PAIR, zipfile.ZIP_BZIP2), "is a zip compressed in an unusual way"),
        (zipped("a.jsonl", PAIR, zipfile.ZIP_LZMA), "is a zip compressed in an unusual way"),
        (zipped("a.zip", zipped("a.jsonl", PAIR)), "is a zip with no data files"),
        (zipped("a.jsonl", PAIR)[:60], "is not a readable zip file"),
        (gzip.compress(PAIR)[:-9], "is a gzip file that is not whole"),
    ],
    ids=["gzip in gzip", "zip in gzip", "zip in zip", "bzip2", "lzma", "zip of a zip", "cut zip", "cut gzip"],
)
def test_another_wrapping_is_refused_in_a_line(content: bytes, reason: str) -> None:
    (error,) = why(content)
    assert (error.line, error.reason.startswith(reason)) == (0, True), error.reason


def test_a_damaged_zip_is_refused_wherever_the_damage_is() -> None:
    content = zipped("a.jsonl", PAIR * 20)
    for at in range(len(content)):
        try:
            taken(flipped(content, at))
        except ValueError:  # all refusals of an import are such
            continue


def test_a_column_that_occurs_twice_is_refused_by_name() -> None:
    columns = [("prompt", ["Hi"]), ("chosen", ["Hello"]), ("rejected", ["ok"]), ("rejected", ["no"])]
    (error,) = why(parquet(columns))
    assert error.reason == "has two columns `rejected`: keep one"


def test_rows_that_repeat_themselves_count_by_their_size_and_not_by_the_files() -> None:
    content = parquet([(name, [name * 1000] * 4000) for name in ("prompt", "chosen", "rejected")])
    assert len(content) < 100_000
    with pytest.raises(FileTooLarge):
        list(opened([content], None, Limits(file=1_000_000)).items)
