"""Data sets of others: Open Assistant's trees and PandaLM's judged pairs, with all that people said of the replies."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from feedback_app.domain.comparison import ComparisonStatus, Message
from feedback_app.formats import oasst, pandalm, rankings
from feedback_app.formats.errors import LineError, Problems
from feedback_app.formats.guess import guess_format
from feedback_app.formats.jsonl import FileTooLarge, Limits
from tests.unit.formats.values import read_back, refused


def said(role: str, text: Any, *replies: Any, **more: Any) -> dict[str, Any]:
    return {"text": text, "role": role, "deleted": False, "replies": list(replies)} | more


def asked(text: str, *replies: Any, **more: Any) -> dict[str, Any]:
    return said("prompter", text, *replies, **more)


def answered(text: Any, rank: Any, *replies: Any, **more: Any) -> dict[str, Any]:
    return said("assistant", text, *replies, rank=rank, **more)


def tree(root: dict[str, Any]) -> dict[str, Any]:
    return {"message_tree_id": "t1", "tree_state": "ready_for_export", "prompt": root}


def verdicts(root: dict[str, Any]) -> list[tuple[int, list[list[str]]]]:
    """Of every set in a tree: how many turns its prompt has, and the replies, best first."""
    return [
        (
            len(one.messages),
            [[one.candidate(name).text for name in g] for g in one.ranking.groups] if one.ranking else [],
        )
        for one in read_back(tree(root), oasst.load)
    ]


def test_ranked_siblings_become_one_ranking_whose_lowest_rank_is_the_best() -> None:
    (one,) = read_back(tree(asked("Tea?", answered("no", 2), answered("yes", 0), answered("so", 1))), oasst.load)  # fmt: skip
    assert one.messages == (Message("user", "Tea?"),)
    assert [c.text for c in one.candidates] == ["no", "yes", "so"]
    assert one.ranking.groups == (("c2",), ("c3",), ("c1",))
    assert (one.status, one.source, one.ranking.annotator) == (
        ComparisonStatus.ranked,
        "import:oasst",
        "imported",
    )
    assert read_back(rankings.dump(one), rankings.load) == one


def test_sets_in_mid_conversation_have_all_that_was_said_before_them() -> None:
    later = asked("More?", answered("tea", 1), answered("milk", 0))
    sets = read_back(tree(asked("Tea?", answered("yes", 0, later), answered("no", 1))), oasst.load)
    assert [len(one.messages) for one in sets] == [1, 3]
    assert sets[1].messages == (Message("user", "Tea?"), Message("assistant", "yes"), Message("user", "More?"))  # fmt: skip


def test_equal_ranks_are_a_tie() -> None:
    root = asked("Tea?", answered("a", 1), answered("b", 0), answered("c", 1))
    assert verdicts(root) == [(1, [["b"], ["a", "c"]])]


def test_replies_without_a_rank_are_left_out_but_not_what_follows_them() -> None:
    later = asked("More?", answered("tea", 0), answered("milk", 1))
    unranked = said("assistant", "perhaps", later)
    assert verdicts(asked("Tea?", answered("a", 0), answered("b", 1), unranked)) == [
        (1, [["a"], ["b"]]),
        (3, [["tea"], ["milk"]]),
    ]
    assert verdicts(asked("Tea?", answered("a", 0), unranked)) == [(3, [["tea"], ["milk"]])]
    assert verdicts(asked("Tea?", answered("a", 0), answered("b", None))) == []


def test_deleted_messages_are_left_out_with_all_that_answers_them() -> None:
    later = asked("More?", answered("tea", 0), answered("milk", 1))
    gone = answered("spam", 0, later, deleted=True)
    assert verdicts(asked("Tea?", answered("a", 1), gone, answered("b", 2))) == [(1, [["a"], ["b"]])]
    assert verdicts(asked("Tea?", answered("a", 1), gone)) == []
    assert verdicts(asked("Tea?", answered("a", 1), answered("b", 2), deleted=True)) == []


def test_a_reply_that_a_model_wrote_keeps_its_name() -> None:
    (one,) = oasst.load(tree(asked("Tea?", answered("a", 0, model_name="m20b"), answered("b", 1))))
    assert [c.model for c in one.candidates] == ["m20b", "imported"]


def test_the_same_set_has_the_same_id_wherever_it_stands() -> None:
    root = asked("Tea?", answered("a", 0), answered("b", 1))
    other = asked("Tea?", answered("a", 1), answered("b", 0))
    more = asked("Tea?", answered("a", 0), answered("b", 1), said("assistant", "c"), message_id="m7")
    ids = [oasst.load(tree(one))[0].id for one in (root, other, more)]
    assert ids[0] == ids[2] != ids[1]


PAIR = [answered("a", 0), answered("b", 1)]


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (None, "`prompt` is missing"),
        ("text", "`prompt` must be an object"),
        (said("owner", "Tea?", *PAIR), "`role` in `prompt` must be one of: prompter, assistant"),
        (asked("Tea?", {"role": "prompter", "replies": []}), "`text` is missing"),
        ({**asked("Tea?"), "replies": {"a": 1}}, "`replies` must be a list"),
        (asked("Tea?", "text"), "`replies[]` must be an object"),
        ({**asked("Tea?"), "deleted": "no"}, "`deleted` must be true or false"),
        (asked(" ", *PAIR), "the prompt is empty: write something to answer"),
        (said("assistant", "Tea?", *PAIR), "a prompt must end with the user's turn"),
        (asked("Tea?", answered("a", "0"), answered("b", 1)), "`rank` must be a whole number"),
        (asked("Tea?", answered("a", True), answered("b", 1)), "`rank` must be a whole number"),
        (asked("Tea?", answered(7, 0), answered("b", 1)), "`text` must be text"),
        (asked("Tea?", answered("\ud800", 0), answered("b", 1)), "`text` holds half a surrogate pair"),
    ],
)  # fmt: skip
def test_a_tree_that_cannot_be_read_is_refused_with_the_reason(root: Any, reason: str) -> None:
    assert refused({"prompt": root}, oasst.load) == reason


def test_a_tree_deeper_than_any_conversation_is_refused() -> None:
    root = asked("Tea?", *PAIR)
    for _ in range(oasst.DEEPEST):
        root = asked("Tea?", root)
    assert refused({"prompt": root}, oasst.load) == "is nested too deeply"


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
    return taken(json.dumps(items, indent=1).encode())


def taken(content: bytes) -> tuple[list[Any], list[LineError]]:
    problems = Problems()
    pieces = [content[i : i + 5] for i in range(0, len(content), 5)]
    return list(pandalm.read(pieces, Limits(), problems)), problems.errors


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
        ({"instruction": "\ud800"}, "`prompt` holds half a surrogate pair"),
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
        (b"", "is not JSON: Expecting value (line 1, column 1)"),
        (b'[\n{"secret": ]', "is not JSON: Expecting value (line 2, column 12)"),
        (b'{"secret": 1}', "is not a JSON array"),
        (b'["\xff"]', "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "holds a number that is too long"),
    ],
)
def test_a_file_that_is_no_array_is_refused_as_a_whole(content: bytes, reason: str) -> None:
    assert taken(content) == ([], [LineError(0, reason)])


def test_an_array_may_begin_with_a_byte_order_mark_and_is_bounded() -> None:
    content = b"\xef\xbb\xbf" + json.dumps([ITEM]).encode()
    assert len(taken(content)[0]) == 1
    with pytest.raises(FileTooLarge):
        list(pandalm.read([content], Limits(file=100), Problems()))


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (json.dumps(tree(asked("Tea?", *PAIR))), "oasst"),
        (json.dumps([ITEM]), "pandalm"),
        ("\ufeff" + json.dumps([ITEM, ITEM], indent=4)[:-30], "pandalm"),
        (json.dumps([ITEM])[:30], None),
        (json.dumps([{"text": '"response1" "annotator1"'}]), None),
        ("[" * 100_000, None),
        ("[]", None),
        ('{"prompt": "a", "replies": ["b"]}', None),
    ],
)
def test_the_format_is_guessed_from_what_stands_at_the_beginning(content: str, format: str | None) -> None:
    assert guess_format(content.encode()) == format


@pytest.mark.parametrize(
    "load", [lambda text: refused({"prompt": asked(text, answered(text, text), answered(text, 1))}, oasst.load),
             lambda text: str(judged({**ITEM, "instruction": text, "annotator1": text})[1])]
)  # fmt: skip
def test_a_reason_never_holds_text_of_the_file(load: Callable[[str], str]) -> None:
    assert "must be" in load("secret")
    assert "secret" not in load("secret")
