"""docs/formats.md shows every format, and its examples are read."""

import re
from pathlib import Path

import pytest

from feedback_app.formats import jsonl, kto, oasst, pandalm, rankings, sft
from feedback_app.formats.errors import Problems
from feedback_app.formats.guess import guess_format
from feedback_app.services.data import IMPORTS, PAIRS

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"### `(\w+)`\n\n```json\n(.+)\n```", DOCUMENT))
LOADERS = {name: module.load for name, module in PAIRS.items()} | {
    "kto": kto.load,
    "sft": sft.load,
    "rankings": rankings.load,
    "oasst": oasst.load,
}


def test_every_format_has_its_section() -> None:
    assert tuple(re.findall(r"^### `(\w+)`$", DOCUMENT, re.MULTILINE)) == IMPORTS
    assert EXAMPLES.keys() == {*LOADERS, "pandalm"}


@pytest.mark.parametrize("format", LOADERS)
def test_the_example_is_read_as_what_it_shows(format: str) -> None:
    line = EXAMPLES[format].encode()
    assert guess_format(line) == format
    assert LOADERS[format](jsonl.parsed(line))


def test_the_example_of_an_array_is_read_too() -> None:
    content, problems = EXAMPLES["pandalm"].encode(), Problems()
    assert guess_format(content) == "pandalm"
    (comparison,) = pandalm.read([content], jsonl.Limits(), problems)
    assert (len(comparison.others), problems.count) == (3, 0)


def test_the_pair_formats_show_the_same_pair_as_we_write_it() -> None:
    pair = PAIRS["trl"].load(jsonl.parsed(EXAMPLES["trl"].encode()))
    for format, module in PAIRS.items():
        assert jsonl.dumped(module.dump(pair)).decode() == EXAMPLES[format] + "\n"


def test_the_limits_are_those_in_force() -> None:
    limits = jsonl.Limits()
    assert (
        f"A file may have {jsonl.mebibytes(limits.file)} and a line {jsonl.mebibytes(limits.line)}."
        in DOCUMENT
    )
