"""A conversation as Markdown, as text, and as a file's name."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.services.transcript import as_markdown, as_text, file_name

NAMES = {"lynn": "Lynn", "magister": "Magister"}
TALK = Conversation(
    "base",
    "lynn",
    "Tea",
    (Turn("user", "Which?\nGreen?"), Turn("assistant", "Green  ", ending="length")),
    id="0123456789",
    created_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
)


def test_markdown_has_the_title_who_said_what_and_where_a_reply_was_cut_off() -> None:
    assert as_markdown(TALK, NAMES.__getitem__) == (
        "# Tea\n\n_base, 2026-01-02 03:04 UTC_\n\n"
        "**You:**\n\nWhich?\nGreen?\n\n"
        "**Lynn:**\n\nGreen (cut off at the longest reply)\n"
    )


def test_text_begins_each_message_with_who_said_it() -> None:
    assert (
        as_text(TALK, NAMES.__getitem__)
        == "You: Which?\nGreen?\n\nLynn: Green (cut off at the longest reply)\n"
    )


def test_each_reply_is_said_by_the_persona_that_wrote_it() -> None:
    """Also once the conversation goes on as another."""
    switched = replace(
        TALK, persona="magister", turns=(replace(TALK.turns[1], persona="lynn"), Turn("assistant", "Salve"))
    )
    assert as_text(switched, NAMES.__getitem__).split("\n\n") == [
        "Lynn: Green (cut off at the longest reply)",
        "Magister: Salve\n",
    ]


def test_what_the_owner_wrote_is_whole() -> None:
    edited = replace(TALK, turns=(replace(TALK.turns[1], original="Gre"),))
    assert as_text(edited, NAMES.__getitem__) == "Lynn: Green\n"


@given(st.text(max_size=80))
def test_every_title_makes_a_name_that_every_system_takes(title: str) -> None:
    name = file_name(replace(TALK, title=title), "md")
    assert name.startswith("codelynn-")
    assert name.endswith("-01234567.md")
    assert len(name) < 100
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
