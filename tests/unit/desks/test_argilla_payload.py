"""What a comparison looks like in Argilla."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from feedback_app.desks import argilla_payload as payload
from feedback_app.desks.base import DeskRecord
from feedback_app.domain.comparison import Message
from feedback_app.domain.text_rules import repaired

RECORD = DeskRecord(
    comparison_id="k1",
    messages=(Message("user", "Good morning"),),
    candidates=(("c1", "Morning!", "base"), ("c2", "Hello.", "v1")),
    ranking=(("c2",), ("c1",)),
    all_bad=False,
    aspects=("warm",),
    note="",
    edit=None,
    annotator="owner",
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
)


@st.composite
def rankings(draw: st.DrawFn) -> tuple[tuple[str, ...], ...]:
    """Two to six candidates in any order, cut into groups anywhere."""
    count = draw(st.integers(2, 6))
    order = draw(st.permutations([f"c{number}" for number in range(1, count + 1)]))
    cuts = sorted(draw(st.sets(st.integers(1, count - 1))))
    return tuple(tuple(order[start:end]) for start, end in zip([0, *cuts], [*cuts, count], strict=True))


@given(rankings())
def test_every_reply_has_a_rank_from_one_and_ties_share_it(groups: tuple[tuple[str, ...], ...]) -> None:
    count = sum(len(group) for group in groups)
    candidates = tuple((f"c{number}", "text", "base") for number in range(1, count + 1))
    ranks = payload.ranks(replace(RECORD, candidates=candidates, ranking=groups))
    assert sorted(each["value"] for each in ranks) == sorted(payload.reply_names(count))
    assert {each["rank"] for each in ranks} == set(range(1, len(groups) + 1))


@given(st.text(max_size=50) | st.integers(0, 3).map(lambda turns: "x" * turns * payload.LONGEST_MESSAGE))
def test_chat_turns_stay_within_argillas_limits_and_lose_nothing(text: str) -> None:
    turns = payload.chat((Message("user", text),))
    assert all(0 < len(turn["content"]) <= payload.LONGEST_MESSAGE for turn in turns)
    assert "".join(turn["content"] for turn in turns) == repaired(text)


def test_the_newest_turns_of_an_endless_conversation_are_kept() -> None:
    turns = payload.chat(tuple(Message("user", str(number)) for number in range(payload.MOST_MESSAGES + 7)))
    assert (len(turns), turns[0]["content"]) == (payload.MOST_MESSAGES, "7")


def test_a_verdict_is_a_submitted_response_of_the_given_user() -> None:
    (response,) = payload.record_body(RECORD, "user-1", ["warm"])["responses"]
    assert (response["user_id"], response["status"]) == ("user-1", "submitted")
    assert set(response["values"]) == {payload.RANKING, payload.OVERALL, payload.ASPECTS}


def test_a_record_without_a_verdict_says_nothing_about_its_annotator_or_tone() -> None:
    body = payload.record_body(replace(RECORD, ranking=None), "user-1", ["warm"])
    assert "responses" not in body
    assert body["metadata"] == {"models": ["base", "v1"]}


def test_all_bad_without_groups_is_one_tie() -> None:
    ranks = payload.ranks(replace(RECORD, ranking=None, all_bad=True))
    assert [each["rank"] for each in ranks] == [1, 1]


def test_aspects_without_a_label_are_metadata_only() -> None:
    body = payload.record_body(replace(RECORD, aspects=("odd", "odd")), "user-1", ["warm"])
    assert payload.ASPECTS not in body["responses"][0]["values"]
    assert body["metadata"]["tone"] == ["odd"]
