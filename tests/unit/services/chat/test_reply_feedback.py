"""What a round can learn from a conversation."""

from feedback_app.domain.comparison import Message
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.preference import Demonstration
from feedback_app.services.chat.reply_feedback import edited_replies, rated_replies


def test_an_edit_is_a_demonstration_and_the_thumb_before_it_does_not_count() -> None:
    turns = (
        Turn("user", "hi"),
        Turn("assistant", "mine", "v1", rating=-1, original="the model's"),
        Turn("user", "and?"),
        Turn("assistant", "fine", "v1"),
    )
    conversation = Conversation("v1", "lynn", turns=turns)
    asked = (Message("system", "Be kind."), Message("user", "hi"))
    assert rated_replies(conversation, lambda persona: "Be kind.") == []
    assert edited_replies(conversation, lambda persona: "Be kind.") == [Demonstration(asked, "mine")]


def test_feedback_on_a_reply_has_the_system_prompt_of_the_persona_that_wrote_it() -> None:
    turns = (
        Turn("user", "hi"),
        Turn("assistant", "mine", "v1", original="the model's", persona="lynn"),
        Turn("user", "and?"),
        Turn("assistant", "fine", "v1", rating=1, persona="magister"),
        Turn("user", "so?"),
        Turn("assistant", "well", "v1", rating=1, persona="gone"),
    )
    prompts = {"lynn": "Be kind.", "magister": "Be strict.", "gone": ""}
    conversation = Conversation("v1", "magister", turns=turns)
    (edit,) = edited_replies(conversation, prompts.__getitem__)
    strict, none = rated_replies(conversation, prompts.__getitem__)
    assert edit.prompt[0] == Message("system", "Be kind.")
    assert strict.prompt[0] == Message("system", "Be strict.")
    assert [message.role for message in none.prompt] == ["user", "assistant", "user", "assistant", "user"]
