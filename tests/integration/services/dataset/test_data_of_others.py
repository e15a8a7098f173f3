"""Data sets of others on a real database: in once and whole, out as our own formats only."""

import json
from collections import Counter
from typing import Any

import pytest

from feedback_app.domain.comparison import Message
from feedback_app.formats.jsonl import Limits
from feedback_app.services.dataset.dataset import (
    FORMATS,
    IMPORTS,
    Dataset,
    FileTooLarge,
    ImportRefused,
    ImportReport,
    UnknownFormat,
)
from tests.integration.services.dataset.stores import NewStore, preferences

pytestmark = pytest.mark.integration
LATER = {"role": "prompter", "text": "More?", "replies": [
    {"role": "assistant", "text": "Sugar?", "rank": 1},
    {"role": "assistant", "text": "Of course.", "rank": 0},
    {"role": "assistant", "text": "Milk?", "rank": 1},
]}  # fmt: skip
TREE = {"role": "prompter", "text": "Tea?", "replies": [
    {"role": "assistant", "text": "Yes.", "rank": 0, "replies": [LATER]},
    {"role": "assistant", "text": "No.", "rank": 1},
    {"role": "assistant", "text": "Perhaps."},
]}  # fmt: skip
JUDGED = {"instruction": "Name a drink.", "input": "", "response1": "Tea", "response2": "Rain"}
JUDGEMENTS = {"annotator1": 1, "annotator2": 1, "annotator3": 0}
# Each data set of others: a file, and how many comparisons it gives.
OTHERS = {
    "oasst": (json.dumps({"prompt": TREE}).encode(), 2),
    "pandalm": (json.dumps([JUDGED | JUDGEMENTS]).encode(), 1),
}
TALK = (Message("user", "Tea?"), Message("assistant", "Yes."), Message("user", "More?"))
OUTCOMES: dict[str, dict[Any, int]] = {
    "oasst": {
        (TALK[:1], "Yes.", "No."): 1,
        (TALK, "Of course.", "Sugar?"): 1,
        (TALK, "Of course.", "Milk?"): 1,
    },
    "pandalm": {((Message("user", "Name a drink."),), "Tea", "Rain"): 2},
}


@pytest.mark.parametrize("format", OTHERS)
def test_what_others_judged_comes_in_once_and_goes_out_as_rankings(new_store: NewStore, format: str) -> None:
    here, there = new_store(), new_store()
    content, judged = OTHERS[format]
    told = Dataset(here).import_(None, content)
    assert (told, told.format, told.kinds) == (ImportReport(judged, 0), format, {"rankings": judged})
    assert Dataset(here).import_(format, content) == ImportReport(0, judged)
    exported = b"".join(Dataset(here).export("rankings"))
    assert Dataset(there).import_("rankings", exported) == ImportReport(judged, 0)
    assert list(there.comparisons.with_rankings()) == list(here.comparisons.with_rankings())
    assert preferences(there) == preferences(here) == Counter(OUTCOMES[format])


@pytest.mark.parametrize("format", OTHERS)
def test_what_others_judged_comes_in_whole_or_not_at_all(new_store: NewStore, format: str) -> None:
    store = new_store()
    content, _ = OTHERS[format]
    bad = content[:-1] + b', {"secret": 1}]' if format == "pandalm" else content + b'\n{"secret": 1}'
    with pytest.raises(ImportRefused) as refused:
        Dataset(store).import_(format, bad)
    assert [error.line for error in refused.value.errors] == [2]
    assert "secret" not in str(refused.value)
    assert not list(store.comparisons.with_rankings())
    with pytest.raises(FileTooLarge):
        Dataset(store, limits=Limits(file=100)).import_(format, content)


@pytest.mark.parametrize("format", OTHERS)
def test_what_is_only_read_is_not_written(new_store: NewStore, format: str) -> None:
    data = Dataset(new_store())
    assert (format in IMPORTS, format in FORMATS) == (True, False)
    for call in (data.export, data.count, data.file_name, data.media_type):
        with pytest.raises(UnknownFormat, match=f"^{format} can only be imported; exports are: trl, hh"):
            call(format)
