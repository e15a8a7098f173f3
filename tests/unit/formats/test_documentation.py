"""docs/formats.md shows every format, and its examples are read."""

import re

import pytest

from feedback_app.formats import jsonl, trl, unused
from feedback_app.formats.catalogue import IMPORTS, PAIRS
from tests.paths import PROJECT
from tests.unit.formats.values import taken

DOCUMENT = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"### `(\w+)`\n\n```json\n(.+?)\n```", DOCUMENT, re.DOTALL))


def test_every_format_has_its_section() -> None:
    assert tuple(re.findall(r"^### `(\w+)`$", DOCUMENT, re.MULTILINE)) == IMPORTS
    assert EXAMPLES.keys() == {*IMPORTS} - {"parquet"}


@pytest.mark.parametrize("format", EXAMPLES)
def test_the_example_is_recognised_and_read(format: str) -> None:
    reading, items = taken(EXAMPLES[format])
    assert reading.format == format
    assert items


def test_the_metadata_that_is_ignored_is_listed() -> None:
    (paragraph,) = re.findall(r"These fields are ignored[^:]*:\n\n(.+?)\n\n", DOCUMENT, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", paragraph)) == unused.METADATA


def test_the_pair_formats_show_the_same_pair_as_we_write_it() -> None:
    pair = trl.load(jsonl.parsed(EXAMPLES["trl"].encode()))
    for format, module in PAIRS.items():
        assert jsonl.dumped(module.dump(pair)).decode() == EXAMPLES[format] + "\n"


def test_the_limits_are_those_in_force() -> None:
    limits = jsonl.Limits()
    assert (
        f"A file may have {jsonl.mebibytes(limits.file)} and a line {jsonl.mebibytes(limits.line)}."
        in DOCUMENT
    )
