"""The service tokenises without transformers what training tokenises with it: the ids must be the same."""

import pytest

from feedback_app.domain.comparison import Message
from feedback_app.engines.tokenizer import ChatTokenizer

pytestmark = pytest.mark.integration
CONVERSATIONS = (
    [Message("user", "Hello")],
    [Message("system", "Be kind."), Message("user", "  spaces \n\n and lines\n")],
    [Message("user", "Grüß Gott 🦊"), Message("assistant", "Servus!"), Message("user", "1 < 2 && x|>y")],
)


@pytest.mark.parametrize("messages", CONVERSATIONS)
def test_ids_are_those_of_transformers(tiny, messages):
    from transformers import AutoTokenizer

    folder = tiny.catalogue("base").base_dir
    turns = [{"role": message.role, "content": message.content} for message in messages]
    theirs = AutoTokenizer.from_pretrained(folder).apply_chat_template(turns, add_generation_prompt=True)
    assert ChatTokenizer(folder).encode(messages) == theirs["input_ids"]
