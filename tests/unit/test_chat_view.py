"""A conversation as the chat page shows it."""

from dataclasses import replace

from feedback_app.domain.comparison import Message
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.preference import Demonstration
from feedback_app.services.chat import edited_replies, rated_replies
from feedback_app.services.generations import Problem
from feedback_app.ui.chat_view import listed, problem_line, unanswered
from feedback_app.ui.text import typed, untrusted


def test_a_message_without_a_reply_is_told_of() -> None:
    asked, answered = Turn("user", "Hello"), Turn("assistant", "Hi!", model="base")
    conversation = Conversation(model="base", persona="lynn", turns=(asked,))
    assert "Regenerate" in unanswered(conversation)
    assert unanswered(Conversation(model="base", persona="lynn", turns=(asked, answered))) == ""
    assert unanswered(Conversation(model="base", persona="lynn")) == ""


def test_the_way_on_from_an_engine_that_is_away_is_another_than_from_a_prompt_that_is_too_long() -> None:
    away, long = (
        Problem("engine", "no answer: start it"),
        Problem("too_long", "the prompt is too long: shorten it"),
    )
    assert problem_line(away) == "No answer: start it. Your message is kept: Regenerate asks again."
    assert problem_line(long).endswith("shorten it. Send a shorter message: the long one is left out then.")


def test_two_versions_beside_each_other_are_marked_in_the_list() -> None:
    alone = Conversation("base", "lynn", "Tea", id="x")
    assert listed(alone) == ("Tea", "x")
    assert listed(replace(alone, beside="y")) == ("A | B · Tea", "x")


def test_an_edit_is_a_demonstration_and_no_thumb_that_was_there_before_counts() -> None:
    turns = (
        Turn("user", "hi"),
        Turn("assistant", "mine", "v1", rating=-1, original="the model's"),
        Turn("user", "and?"),
        Turn("assistant", "fine", "v1"),
    )
    conversation = Conversation("v1", "lynn", turns=turns)
    asked = (Message("system", "Be kind."), Message("user", "hi"))
    assert rated_replies(conversation, "Be kind.") == []
    assert edited_replies(conversation, "Be kind.") == [Demonstration(asked, "mine")]


def test_what_was_kept_apart_for_the_page_comes_back_as_it_was_typed() -> None:
    text = "<b>bold</b> ![x](y)"
    assert typed(untrusted(text)) == text
