"""A conversation as the Chat page shows it."""

from dataclasses import replace

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.services.generation.background import Problem
from feedback_app.ui.chat.view import (
    MARKS,
    listed,
    messages,
    problem_line,
    reply_position,
    unanswered,
    unmarked,
)
from feedback_app.ui.shared.text import typed, untrusted


def test_a_message_without_a_reply_is_named() -> None:
    asked, answered = Turn("user", "Hello"), Turn("assistant", "Hi!", model="base")
    conversation = Conversation(model="base", persona="lynn", turns=(asked,))
    assert "Regenerate" in unanswered(conversation)
    assert unanswered(Conversation(model="base", persona="lynn", turns=(asked, answered))) == ""
    assert unanswered(Conversation(model="base", persona="lynn")) == ""


def test_the_advice_depends_on_the_kind_of_problem() -> None:
    away, long = (
        Problem("engine", "no answer: start it"),
        Problem("too_long", "the prompt is too long: shorten it"),
    )
    assert problem_line(away) == "No answer: start it. Your message is kept: Regenerate asks again."
    assert problem_line(long).endswith("shorten it. Send a shorter message: the long one is left out then.")


def test_a_conversation_with_two_versions_is_marked_in_the_list() -> None:
    alone = Conversation("base", "lynn", "Tea", id="x")
    assert listed(alone) == ("Tea", "x")
    assert listed(replace(alone, beside="y")) == ("A | B · Tea", "x")


def test_text_that_was_made_safe_for_the_page_comes_back_as_it_was_typed() -> None:
    text = "<b>bold</b> ![x](y)"
    assert typed(untrusted(text)) == text


def test_a_reply_that_ended_early_says_so_until_the_owner_edits_it() -> None:
    cut = Turn("assistant", "Once", "base", ending="length")
    shown = messages(Conversation("base", "lynn", turns=(cut, replace(cut, original="On"))))
    assert [one["content"] for one in shown] == ["Once" + MARKS["length"], "Once"]


def test_an_edit_is_saved_without_the_mark_wherever_it_is() -> None:
    for text in ("Once upon" + MARKS["stopped"], MARKS["stopped"] + "Once upon"):
        assert unmarked(text, "stopped") == "Once upon"
    assert unmarked("*Stopped by you.*", "") == "*Stopped by you.*"


def test_replies_are_counted_if_the_last_message_has_several() -> None:
    asked, one, two = (
        Turn("user", "Tea?"),
        Turn("assistant", "Yes", number=0),
        Turn("assistant", "No", number=1),
    )
    talk = Conversation("base", "lynn", turns=(asked, one))
    assert reply_position(talk) == ""
    both = replace(talk, aside=((1, two),))
    assert reply_position(both) == "Reply 1 of 2"
    assert reply_position(replace(both, turns=(asked, one, asked))) == ""
