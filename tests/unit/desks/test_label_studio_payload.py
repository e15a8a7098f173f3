"""What a comparison looks like in Label Studio, and what its annotations say."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.desks import label_studio_payload as payload
from feedback_app.desks.base import OWNER, DeskRecord
from feedback_app.desks.label_studio_payload import UnusableAnnotation
from feedback_app.domain.comparison import ASPECTS, Message

RECORD = DeskRecord(
    comparison_id="k1",
    messages=(Message("user", "Good morning"),),
    candidates=(("c1", "Morning!", "base"), ("c2", "Hello.", "v1")),
    ranking=(("c2",), ("c1",)),
    all_bad=False,
    aspects=("warmer",),
    note="",
    edit=None,
    annotator="owner",
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
)


@st.composite
def ranked(draw: st.DrawFn) -> DeskRecord:
    """Two to nine candidates in any order, cut into groups anywhere, with everything that can be said besides."""
    count = draw(st.integers(2, 9))
    order = draw(st.permutations([f"c{number}" for number in range(1, count + 1)]))
    cuts = sorted(draw(st.sets(st.integers(1, count - 1))))
    groups = tuple(tuple(order[start:end]) for start, end in zip([0, *cuts], [*cuts, count], strict=True))
    return replace(
        RECORD,
        candidates=tuple((f"c{number}", "text", "base") for number in range(1, count + 1)),
        ranking=groups,
        all_bad=draw(st.booleans()),
        aspects=tuple(draw(st.lists(st.sampled_from(ASPECTS), unique=True))),
        note=draw(st.text(max_size=20)),
        edit=draw(st.none() | st.text(max_size=20)),
    )


def sent(body: dict[str, Any]) -> dict[str, Any]:
    """The body after its way to the server."""
    arrived: dict[str, Any] = json.loads(json.dumps(body))
    return arrived


def read(result: Any, replies: int = 2, **more: Any) -> Any:
    return payload.read_ranking({"result": result, **more}, "k1", OWNER, replies)


def part(name: str, **value: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": "conversation", "type": "any", "value": value}


@given(ranked())
def test_every_verdict_comes_back_as_it_went(record: DeskRecord) -> None:
    replies = len(record.candidates)
    verdict = payload.owner_ranking(record, ASPECTS)
    assert verdict is not None
    body = sent(payload.annotation(verdict, replies))
    assert payload.read_ranking(body, record.comparison_id, OWNER, replies) == verdict
    assert record.ranking is not None
    assert [len(group) for group in verdict.order] == [len(group) for group in record.ranking]


def test_a_record_set_aside_is_a_cancelled_annotation() -> None:
    verdict = payload.owner_ranking(replace(RECORD, ranking=None, skipped=True), ASPECTS)
    assert verdict is not None
    body = payload.annotation(verdict, 2)
    assert body == {"result": [], "was_cancelled": True}
    assert payload.read_ranking(body, "k1", OWNER, 2) == verdict


def test_a_record_that_waits_has_no_verdict() -> None:
    assert payload.owner_ranking(replace(RECORD, ranking=None), ASPECTS) is None


@pytest.mark.parametrize("replies", range(2, 10))
def test_the_configuration_is_valid_and_asks_every_question(replies: int) -> None:
    odd = ('a "quoted" & odd one', "warmer")
    view = ElementTree.fromstring(payload.config(replies, odd))
    named = {element.get("name"): element for element in view.iter() if element.get("name")}
    assert {name: named[name].tag for name in payload.question_types(replies)} == payload.question_types(
        replies
    )
    assert [choice.get("value") for choice in named["aspects"]] == list(odd)
    for question in payload.question_types(replies):
        assert all(target in named for target in str(named[question].get("toName")).split(","))
    shown = {str(element.get("value"))[1:] for element in named.values() if element.get("value")}
    record = replace(RECORD, candidates=tuple((f"c{n}", "text", "base") for n in range(replies)))
    assert shown == set(payload.task_data(record)) - {"comparison_id"}


@pytest.mark.parametrize("replies", [2, 3])
def test_no_tag_of_the_configuration_renders_html(replies: int) -> None:
    tags = {element.tag for element in ElementTree.fromstring(payload.config(replies, ASPECTS)).iter()}
    assert tags <= {
        *("View", "Style", "Header", "Text", "List", "Pairwise", "Ranker", "Bucket", "Choices", "Choice"),
        "TextArea",
    }
    record = replace(RECORD, candidates=tuple((f"c{n}", "<b>text</b>", "base") for n in range(replies)))
    assert "html" not in str(payload.task_data(record)).replace("<b>", "")


def test_the_data_of_a_task_names_no_model() -> None:
    assert "v1" not in str(payload.task_data(RECORD))


def test_a_ranker_as_the_page_writes_it_may_leave_places_empty() -> None:
    buckets = {"_": [], "place_1": ["2"], "place_2": [], "place_3": ["3", "1"]}
    assert read([part("ranking", ranker=buckets)], 3).order == ((2,), (1, 3))


@pytest.mark.parametrize(
    ("result", "replies", "reason"),
    [
        ([], 2, "not complete"),
        (None, 2, "no answers"),
        ([part("renamed", selected="left")], 2, "not complete"),
        ([part("ranking", selected="none")], 2, "not complete"),
        ([part("ranking", selected="left"), part("verdict", choices=["They are equal"])], 2, "both"),
        ([part("ranking", ranker={"_": ["1"], "place_1": ["2", "3"]})], 3, "not complete"),
        ([part("ranking", ranker={"place_1": ["1", "2", "3"], "place_2": ["3"]})], 3, "not complete"),
        ([part("ranking", ranker={"place_1": ["x"]})], 3, "not there"),
        ([part("ranking", ranker={"place_1": [["1"]]})], 3, "not there"),
        ([part("ranking", ranker="odd")], 3, "not complete"),
        ([part("ranking", selected="left"), part("note", text=[5])], 2, "not text"),
        ([part("ranking", selected="left"), "odd"], 3, "not complete"),
    ],
)
def test_an_annotation_that_says_nothing_clear_is_odd(result: Any, replies: int, reason: str) -> None:
    with pytest.raises(UnusableAnnotation, match=reason):
        read(result, replies)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["from_name", "value", "ranker", "place_1", "text", "choices", "ranking"]), x
            )
        ),
    )
)
def test_junk_is_odd_or_read_but_never_breaks(result: Any) -> None:
    for found in (result, [part("ranking", ranker=result)], [part("ranking", ranker={"place_1": result})]):
        try:
            read(found, 3)
        except UnusableAnnotation:
            continue


def test_all_bad_needs_no_ranking() -> None:
    for replies in (2, 3):
        verdict = read([part("verdict", choices=["All are bad"])], replies)
        assert (verdict.all_bad, verdict.order) == (True, (tuple(range(1, replies + 1)),))


def test_the_time_of_an_annotation_is_read() -> None:
    at = read([part("ranking", selected="left")], updated_at="2026-11-21T10:47:14.234694Z").at
    assert at == datetime(2026, 11, 21, 10, 47, 14, 234694, tzinfo=UTC)


def test_rewards_become_an_order_and_the_lead_of_the_best() -> None:
    three = (*RECORD.candidates, ("c3", "Hi", "v1"))
    predicted = payload.prediction(
        replace(RECORD, candidates=three, scores=(1.0, 3.5, 1.0), scorer="reward-v2")
    )
    assert predicted is not None
    assert (predicted["model_version"], predicted["score"]) == ("reward-v2", 2.5)
    buckets = predicted["result"][0]["value"]["ranker"]
    assert (buckets["place_1"], buckets["place_2"]) == (["2"], ["1", "3"])


def test_no_rewards_no_prediction() -> None:
    assert payload.prediction(RECORD) is None


@pytest.mark.parametrize(
    ("change", "odd"),
    [
        ({}, None),
        ({"ranking": {"type": "Choices"}}, "ranking"),
        ({"note": None}, "note"),
        ({"verdict": {"type": "Choices", "labels": ["All are bad"]}}, "verdict"),
    ],
)
def test_a_question_that_somebody_changed_is_named(change: dict[str, Any], odd: str | None) -> None:
    parsed: dict[str, Any] = {name: {"type": tag} for name, tag in payload.question_types(2).items()}
    parsed["verdict"]["labels"] = ["They are equal", "All are bad"]
    assert payload.odd_question(2, {**parsed, **change}) == odd
