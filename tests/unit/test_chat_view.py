"""A conversation as the chat page shows it."""

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.ui.chat_view import unanswered


def test_a_message_without_a_reply_is_told_of() -> None:
    asked, answered = Turn("user", "Hello"), Turn("assistant", "Hi!", model="base")
    conversation = Conversation(model="base", persona="lynn", turns=(asked,))
    assert "Regenerate" in unanswered(conversation)
    assert unanswered(Conversation(model="base", persona="lynn", turns=(asked, answered))) == ""
    assert unanswered(Conversation(model="base", persona="lynn")) == ""
