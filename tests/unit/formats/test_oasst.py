"""Open Assistant's trees: every ranked set of replies, with all that was said before it."""

import json
from typing import Any

import pytest

from feedback_app.domain.comparison import ComparisonStatus, Message
from feedback_app.formats import oasst, rankings
from tests.unit.formats.values import detected, read_back, refused


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
        (asked("Tea?", answered("\ud800", 0), answered("b", 1)), "`prompt.replies[0].text` holds half a surrogate pair"),
    ],
)  # fmt: skip
def test_a_tree_that_cannot_be_read_is_refused_with_the_reason(root: Any, reason: str) -> None:
    assert refused({"prompt": root}, oasst.load) == reason


def test_a_tree_deeper_than_any_conversation_is_refused() -> None:
    root = asked("Tea?", *PAIR)
    for _ in range(oasst.DEEPEST):
        root = asked("Tea?", root)
    assert refused({"prompt": root}, oasst.load) == "is nested too deeply"


def test_a_reason_never_holds_text_of_the_file() -> None:
    told = refused({"prompt": asked("secret", answered("secret", "secret"), *PAIR)}, oasst.load)
    assert told == "`rank` must be a whole number"


def test_the_format_is_told_from_the_records() -> None:
    line = json.dumps(tree(asked("Tea?", *PAIR))).encode()
    assert detected(line + b"\n{") == detected(b"\xef\xbb\xbf\n" + line) == "oasst"
    assert detected(b'{"prompt": "a", "replies": ["b"]}') is None
