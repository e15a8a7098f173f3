"""PandaLM's judged pairs: three annotators, none of whom decides."""

import json
from typing import Any

import pytest

from feedback_app.domain.comparison import ComparisonStatus, Message
from feedback_app.formats import pandalm, rankings
from feedback_app.formats.errors import ImportRefused, LineError
from feedback_app.formats.jsonl import FileTooLarge, Limits
from tests.unit.formats.values import detected, read_back, taken

ITEM = {
    "idx": 3,
    "cmp_key": "model-a_model-b",
    "instruction": "Name a drink.",
    "input": "A hot one.",
    "response1": "Tea",
    "response2": "",
    "annotator1": 1,
    "annotator2": 2,
    "annotator3": 0,
}


def judged(*items: Any) -> Any:
    """What is read of an array of these items."""
    return read(json.dumps(items, indent=1).encode())


def read(content: bytes) -> tuple[list[Any], list[LineError]]:
    try:
        return taken(content, "pandalm")[1], []
    except ImportRefused as error:
        return [], error.errors


def test_three_annotators_are_the_others_and_none_of_them_decides() -> None:
    (one,), errors = judged(ITEM)
    assert not errors
    assert (one.ranking, one.status, one.source) == (None, ComparisonStatus.open, "import:pandalm")
    assert [(r.annotator, r.groups) for r in one.others] == [
        ("annotator1", (("c1",), ("c2",))),
        ("annotator2", (("c2",), ("c1",))),
        ("annotator3", (("c1", "c2"),)),
    ]
    assert [(c.id, c.model, c.text) for c in one.candidates] == [
        ("c1", "model-a", "Tea"),
        ("c2", "model-b", ""),
    ]
    assert read_back(rankings.dump(one), rankings.load) == one


@pytest.mark.parametrize(
    ("change", "prompt"),
    [
        ({}, "Name a drink.\n\nA hot one."),
        ({"input": ""}, "Name a drink."),
        ({"input": None}, "Name a drink."),
        ({"instruction": ""}, "A hot one."),
    ],
)
def test_the_prompt_is_the_instruction_and_its_input(change: dict[str, Any], prompt: str) -> None:
    assert pandalm.load(ITEM | change).messages == (Message("user", prompt),)


def test_a_bare_truth_value_is_the_word() -> None:
    replies = pandalm.load(ITEM | {"response1": True, "response2": False}).candidates
    assert [c.text for c in replies] == ["True", "False"]


@pytest.mark.parametrize("key", [None, "", "a", "a_b_c", "_b"])
def test_models_that_the_key_does_not_tell_apart_are_imported(key: str | None) -> None:
    assert {c.model for c in pandalm.load(ITEM | {"cmp_key": key}).candidates} == {"imported"}


def test_the_same_judgement_has_the_same_id_wherever_it_stands() -> None:
    one, again, other = (pandalm.load(ITEM | change).id for change in ({}, {"idx": 9}, {"annotator3": 1}))
    assert one == again != other


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instruction": None}, "`instruction` is missing"),
        ({"instruction": " ", "input": ""}, "the prompt is empty: write something to answer"),
        ({"instruction": "\ud800"}, "`instruction` holds half a surrogate pair"),
        ({"input": 1}, "`input` must be text"),
        ({"response1": None}, "`response1` is missing"),
        ({"response2": 1}, "`response2` must be text"),
        ({"response2": "\ud800"}, "`response2` holds half a surrogate pair"),
        ({"cmp_key": "a\n_b"}, "`cmp_key` must be at most 200 printable characters"),
        ({"annotator2": None}, "`annotator2` is missing"),
        ({"annotator2": 3}, "`annotator2` must be 1 or 2, the better reply, or 0 for a tie"),
        ({"annotator2": True}, "`annotator2` must be 1 or 2, the better reply, or 0 for a tie"),
        ({"annotator3": [1]}, "`annotator3` must be 1 or 2, the better reply, or 0 for a tie"),
    ],
)
def test_an_item_that_cannot_be_read_is_named_by_number_with_the_reason(
    change: dict[str, Any], reason: str
) -> None:
    assert judged(ITEM, ITEM | change, 7)[1] == [LineError(2, reason), LineError(3, "is not a JSON object")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[\n{"secret": ]', "is not JSON: Expecting value (line 2, column 12)"),
        (b'["\xff"]', "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "holds a number that is too long"),
    ],
)
def test_a_file_that_is_no_array_is_refused_as_a_whole(content: bytes, reason: str) -> None:
    assert read(content) == ([], [LineError(0, reason)])


def test_an_array_may_begin_with_a_byte_order_mark_and_is_bounded() -> None:
    content = b"\xef\xbb\xbf" + json.dumps([ITEM]).encode()
    assert len(read(content)[0]) == 1
    with pytest.raises(FileTooLarge):
        taken(content, "pandalm", limits=Limits(file=100))


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (json.dumps([ITEM]), "pandalm"),
        ("\ufeff" + json.dumps([ITEM, ITEM], indent=4)[:-30], "pandalm"),
        ("\n\n " + json.dumps([ITEM]), "pandalm"),
        (json.dumps([ITEM])[:30], None),
        (json.dumps([{"text": '"response1" "annotator1"'}]), None),
        ("[" * 100_000, None),
        ("[]", None),
    ],
)
def test_the_format_is_told_from_the_items(content: str, format: str | None) -> None:
    assert detected(content.encode()) == format


def test_a_reason_never_holds_text_of_the_file() -> None:
    assert "secret" not in repr(judged({**ITEM, "instruction": "secret", "annotator1": "secret"})[1])
