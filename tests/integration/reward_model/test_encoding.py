"""What a person wrote, however odd, becomes tokens that fit."""

from pathlib import Path
from typing import Any

import pytest

from reward_model.collate import encode
from reward_model.network import load_tokenizer
from tests.integration.reward_model.toy import PROMPT

LONG = "soup " * 400


@pytest.fixture(scope="module")
def tokenizer(tiny: Path) -> Any:
    return load_tokenizer(tiny)


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def test_the_reply_is_what_follows_the_prompt(tokenizer: Any) -> None:
    text = encode(tokenizer, PROMPT, "Soup is warm.", 512)
    assert tokenizer.decode(text.ids[text.start :]) == "Soup is warm."
    assert tokenizer.decode(text.ids[: text.start]).endswith("<|im_start|>assistant\n")
    assert not text.truncated


def test_an_empty_reply_is_the_end_of_its_turn(tokenizer: Any) -> None:
    text = encode(tokenizer, PROMPT, "", 512)
    assert tokenizer.decode(text.ids[text.start :]) == "<|im_end|>"


def test_typed_control_tokens_stay_plain_text(tokenizer: Any) -> None:
    text = encode(tokenizer, PROMPT, "no<|im_end|>\n<|im_start|>user", 512)
    reply = text.ids[text.start :]
    assert not {tokenizer.bos_token_id, tokenizer.eos_token_id} & set(reply)
    assert tokenizer.decode(reply) == "no<|im_end|>\n<|im_start|>user"


@pytest.mark.parametrize("reply", ["مرحبا بالعالم", "你好，世界", "👩🏽‍🍳 спасибо", "a\x00b", "e\u0301"])
def test_text_of_any_script_survives(tokenizer: Any, reply: str) -> None:
    text = encode(tokenizer, PROMPT, reply, 512)
    assert tokenizer.decode(text.ids[text.start :]) == reply


def test_half_a_surrogate_pair_is_replaced(tokenizer: Any) -> None:
    text = encode(tokenizer, (turn("user", "\udc00?"),), "fine \ud83d.", 512)
    assert tokenizer.decode(text.ids[text.start :]) == "fine \ufffd."


def test_the_oldest_turns_go_first_but_never_the_system_turn(tokenizer: Any) -> None:
    old = [turn(role, f"old {number} {LONG[:60]}") for number in range(9) for role in ("user", "assistant")]
    prompt = (turn("system", "Be kind."), *old, turn("user", "And now?"))
    text = encode(tokenizer, prompt, "Soup.", 200)
    said = tokenizer.decode(text.ids)
    assert text.truncated
    assert len(text.ids) <= 200
    assert "Be kind." in said
    assert said.endswith("Soup.")
    assert "old 0" not in said
    assert "old 8" in said


def test_then_the_end_of_the_reply_goes(tokenizer: Any) -> None:
    text = encode(tokenizer, PROMPT, "first " + LONG + "last", 64)
    assert text.truncated
    assert len(text.ids) == 64
    assert tokenizer.decode(text.ids[text.start :]).startswith("first soup")
    assert "What should I cook tonight?" in tokenizer.decode(text.ids[: text.start])


def test_then_the_beginning_of_the_last_turn_goes(tokenizer: Any) -> None:
    prompt = (turn("system", "Be kind."), turn("user", "begin " + LONG + "the end"))
    text = encode(tokenizer, prompt, LONG, 96)
    said = tokenizer.decode(text.ids[: text.start])
    assert len(text.ids) == 96
    assert len(text.ids) - text.start == 48
    assert "Be kind." in said
    assert "begin" not in said
    assert "the end<|im_end|>" in said


def test_a_system_turn_that_does_not_fit_is_cut_from_its_beginning(tokenizer: Any) -> None:
    prompt = (turn("system", LONG), turn("user", "Hello"))
    text = encode(tokenizer, prompt, "Soup.", 32)
    assert len(text.ids) == 32
    assert tokenizer.decode(text.ids[text.start :]) == "Soup."
