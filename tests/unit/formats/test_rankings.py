"""Our own format: whole comparisons, nothing lost."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.formats import rankings
from tests.unit.formats.values import REPEATABLE, comparisons, read_back, refused

LEAST = {
    "messages": [{"role": "user", "content": "Hi"}],
    "candidates": [{"id": "a", "text": "Hello"}, {"id": "b", "text": ""}, {"id": "c", "text": "ok"}],
    "ranking": {"groups": [["c"], ["a", "b"]]},
}


@REPEATABLE
@given(comparison=comparisons())
def test_a_comparison_comes_back_as_it_went_out_to_the_last_field(comparison: Comparison) -> None:
    assert read_back(rankings.dump(comparison), rankings.load) == comparison


def test_a_ranking_made_elsewhere_needs_only_messages_candidates_and_groups() -> None:
    comparison = read_back(LEAST, rankings.load)
    assert comparison.messages == (Message("user", "Hi"),)
    assert comparison.ranking.groups == (("c",), ("a", "b"))
    assert {candidate.model for candidate in comparison.candidates} == {"imported"}
    assert [candidate.position for candidate in comparison.candidates] == [1, 2, 3]


def test_where_others_ranked_the_owner_need_not_have() -> None:
    other = {"annotator": "anna", "groups": [["b"], ["a", "c"]]}
    comparison = read_back(LEAST | {"ranking": None, "others": [other]}, rankings.load)
    assert (comparison.ranking, comparison.status) == (None, ComparisonStatus.open)
    assert [(r.annotator, r.groups) for r in comparison.others] == [("anna", (("b",), ("a", "c")))]
    assert read_back(rankings.dump(comparison), rankings.load) == comparison
    assert "same annotator" in refused(LEAST | {"others": [other, other]}, rankings.load)
    assert "every candidate" in refused(LEAST | {"others": [{"groups": [["a"]]}]}, rankings.load)


def test_without_an_id_the_content_gives_one_that_stays_the_same() -> None:
    other = LEAST | {"ranking": {"groups": [["a"], ["b", "c"]]}}
    assert rankings.load(LEAST).id == rankings.load(dict(LEAST)).id != rankings.load(other).id


def test_all_bad_needs_no_groups() -> None:
    comparison = rankings.load(LEAST | {"ranking": {"all_bad": True}})
    assert comparison.ranking is not None
    assert comparison.ranking.all_bad


def test_a_time_without_a_zone_is_utc_and_another_zone_is_turned_into_it() -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    for text in ("2026-01-02T03:00:00", "2026-01-02T03:00:00Z", "2026-01-02T05:00:00+02:00"):
        assert rankings.load(LEAST | {"created_at": text}).created_at == moment


def test_only_ranked_comparisons_are_written() -> None:
    with pytest.raises(ValueError, match="only ranked"):
        rankings.dump(replace(rankings.load(LEAST), ranking=None))


EVERY_ONCE = "`ranking.groups` must name every candidate exactly once"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messages": None}, "`messages` is missing"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "`messages[0].content` holds half a surrogate pair"),
        ({"candidates": {}}, "`candidates` must be a list"),
        ({"candidates": [{"id": "a", "text": "x"}]}, "`candidates` must be two or more, and at most 10,000"),
        ({"candidates": [{"id": "a", "text": "x"}] * 2}, "two candidates have the same id"),
        ({"candidates": [{"text": "x"}]}, "`id` is missing"),
        ({"candidates": [{"id": 1, "text": "x"}]}, "`id` must be text"),
        ({"candidates": [{"id": "a"}]}, "`text` is missing"),
        ({"candidates": [{"id": "a", "text": "x", "seed": True}]}, "`seed` must be a whole number"),
        ({"candidates": [{"id": "a", "text": "x", "finish": []}]}, "`finish` must be one of: stop, length, imported"),
        ({"candidates": [{"id": "a", "text": "x", "sampling": {"top_p": "1"}}]}, "`top_p` must be a number"),
        ({"id": "x" * 201}, "`id` must be at most 200 printable characters"),
        ({"source": "a\nb"}, "`source` must be at most 200 printable characters"),
        ({"tags": [1]}, "`tags` must be text"),
        ({"created_at": "yesterday"}, "`created_at` must be a date and time in ISO 8601"),
        ({"created_at": "0001-01-01T00:00:00+23:59"}, "`created_at` must be a date and time in ISO 8601"),
        ({"ranking": None}, "`ranking` is missing"),
        ({"ranking": []}, "`ranking` must be an object"),
        ({"ranking": {}}, EVERY_ONCE),
        ({"ranking": {"groups": [["a"], ["b"]]}}, EVERY_ONCE),
        ({"ranking": {"groups": [["a", "b", "c"], ["a"]]}}, EVERY_ONCE),
        ({"ranking": {"groups": [["a", "b", "c", "d"]]}}, EVERY_ONCE),
        ({"ranking": {"groups": ["abc"]}}, "`groups[]` must be a list"),
        ({"ranking": {"groups": [["a"]], "all_bad": "no"}}, "`all_bad` must be true or false"),
        ({"ranking": {"groups": [["a"]], "seconds": 10**400}}, "`ranking.seconds` is a whole number of more than 64 bits"),
        ({"ranking": {"groups": [["a"]], "seconds": float("nan")}}, "holds NaN or Infinity, which are not JSON"),
        ({"ranking": {"groups": [["a"]], "seconds": -1}}, "the time taken must be a number of seconds from 0 to 1,000,000,000"),
        ({"ranking": {"groups": [["a"]], "note": "n" * 10_001}}, "the note is longer than 10,000 characters"),
        ({"ranking": {"groups": [["a"]], "aspects": ["a\nb"]}}, "`aspects` must be at most 200 printable characters"),
        ({"candidates": [{"id": "a", "text": "x\0"}]}, "`candidates[0].text` holds a NUL character"),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_is_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert refused(LEAST | change, rankings.load) == reason
