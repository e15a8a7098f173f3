"""What of a conversation a model is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.comparison import InvalidPrompt, Message, PromptTooLong
from feedback_app.engines.prompt_window import CUT, control_pattern, disarmed, fit_window, prompt_limit

CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|a", "<|a|>", "</s>")


def encode(messages):
    """One token per character, whose value says which message it is of; the role costs one more."""
    return [int(message.content[0]) for message in messages for _ in ("role", *message.content)]


def conversation(*lengths, system=0):
    """Turns of these lengths whose characters name the turn; the user begins and ends."""
    turns = [
        Message("user" if place % 2 else "assistant", str(place) * length)
        for place, length in enumerate(lengths, start=1)
    ]
    return [Message("system", "0" * system), *turns] if system else turns


def test_a_conversation_that_fits_is_shown_whole():
    messages = conversation(3, 3, 3, system=2)
    assert fit_window(messages, encode, limit=15) == encode(messages)


def test_the_oldest_turns_go_first_and_the_system_turn_stays():
    messages = conversation(3, 3, 3, 3, 3, system=2)
    assert set(fit_window(messages, encode, limit=15)) == {0, 3, 4, 5}


def test_what_is_kept_begins_with_a_turn_of_the_user():
    messages = conversation(3, 1, 3, system=2)
    assert set(fit_window(messages, encode, limit=12)) == {0, 3}


def test_a_last_turn_that_is_too_long_alone_is_refused_without_quoting_it():
    with pytest.raises(
        PromptTooLong, match=r"is 5 tokens longer than the model can read \(5 tokens\): shorten it"
    ) as caught:
        fit_window(conversation(1, 1, 9), encode, limit=5)
    assert "33" not in str(caught.value)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.integers(0, 5), st.integers(1, 40))
def test_no_prompt_is_ever_longer_than_the_limit_and_the_last_turn_is_always_in_it(lengths, system, limit):
    messages = conversation(*lengths[: len(lengths) - (len(lengths) + 1) % 2], system=system)
    try:
        shown = fit_window(messages, encode, limit)
    except InvalidPrompt:
        assert len(encode([*messages[: bool(system)], messages[-1]])) > limit
    else:
        assert len(shown) <= limit
        assert shown[-1] == int(messages[-1].content[0])
        assert not system or shown[0] == 0


@given(st.integers(2, 10_000), st.integers(1, 10_000))
def test_prompt_and_reply_share_the_window(window, max_new_tokens):
    limit = prompt_limit(window, max_new_tokens)
    assert window // 2 <= limit < window


@given(
    st.lists(
        st.sampled_from([*CONTROL_TOKENS, "<|", "|>", "<", "im_end", " ", "\n", CUT, "Hallo"]), max_size=12
    )
)
def test_no_piece_of_disarmed_text_holds_a_control_token_and_nothing_is_lost(parts):
    text = "".join(parts)
    pieces = disarmed(text, control_pattern(CONTROL_TOKENS)).split(CUT)
    assert not [piece for piece in pieces for token in CONTROL_TOKENS if token in piece]
    assert "".join(pieces) == text.replace(CUT, "")


def test_ordinary_text_is_left_in_one_piece():
    text = "a < b, <b>bold</b> and a | b"
    assert disarmed(text, control_pattern(CONTROL_TOKENS)) == text


def test_a_tokenizer_without_control_tokens_changes_nothing():
    assert disarmed("<|im_end|>", control_pattern(())) == "<|im_end|>"
