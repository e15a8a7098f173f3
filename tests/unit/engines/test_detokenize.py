"""Token ids in, text out, never half a character."""

from hypothesis import given
from hypothesis import strategies as st

from feedback_app.engines.base import Delta
from feedback_app.engines.detokenize import INCOMPLETE, Detokenizer, ReplyStream
from tests.unit.engines.small_tokenizer import byte_level

TOKENIZER = byte_level()
STOP = TOKENIZER.token_to_id("<|im_end|>")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[INCOMPLETE]), max_size=40)


def ids_of(text):
    return TOKENIZER.encode(text, add_special_tokens=False).ids


def pieces_of(ids):
    detokenizer = Detokenizer(TOKENIZER.decode)
    return [*[detokenizer.push(token_id) for token_id in ids], detokenizer.flush()]


def written(ids, limit=100):
    reply = ReplyStream(3, limit, frozenset({STOP}), TOKENIZER.decode)
    return [delta for token_id in ids if not reply.finished and (delta := reply.push(token_id))]


@given(TEXT)
def test_the_pieces_join_to_the_text_and_none_holds_half_a_character(text):
    pieces = pieces_of(ids_of(text))
    assert "".join(pieces) == text
    assert not [piece for piece in pieces if INCOMPLETE in piece]


@given(st.lists(st.integers(0, 255), max_size=60))
def test_even_bytes_that_are_no_text_join_to_what_decoding_at_once_gives(ids):
    assert "".join(pieces_of(ids)) == TOKENIZER.decode(ids)


def test_text_comes_as_soon_as_its_character_is_complete():
    assert pieces_of(ids_of("a🦊b")) == ["a", "", "", "", "🦊", "b", ""]


def test_a_leading_space_that_a_decoder_strips_is_stripped_once_only():
    words = ["▁one", "▁two", "▁three"]
    detokenizer = Detokenizer(lambda ids: "".join(words[i] for i in ids).replace("▁", " ").removeprefix(" "))
    assert [detokenizer.push(token_id) for token_id in range(3)] == ["one", " two", " three"]


def test_a_reply_that_ends_by_itself_has_one_last_delta_without_the_end_token():
    assert written([*ids_of("ok"), STOP, *ids_of("more")]) == [
        Delta(3, "o"),
        Delta(3, "k"),
        Delta(3, "", "stop"),
    ]


def test_a_reply_is_cut_at_its_limit():
    assert written(ids_of("abcdef"), limit=3) == [Delta(3, "a"), Delta(3, "b"), Delta(3, "c", "length")]


def test_a_character_that_the_limit_cuts_in_half_is_given_as_such_at_the_end_only():
    assert written(ids_of("a🦊"), limit=3) == [Delta(3, "a"), Delta(3, INCOMPLETE, "length")]


@given(TEXT, st.integers(1, 50))
def test_exactly_one_delta_is_the_last(text, limit):
    deltas = written([*ids_of(text), STOP], limit)
    assert [delta.finish is not None for delta in deltas] == [False] * (len(deltas) - 1) + [True]


def test_a_reply_counts_its_tokens_also_those_of_half_characters_and_not_the_one_that_ends_it():
    reply = ReplyStream(0, 100, frozenset({STOP}), TOKENIZER.decode, prompt_tokens=7)
    deltas = [delta for token_id in [*ids_of("a🦊"), STOP] if (delta := reply.push(token_id))]
    assert [(delta.text, delta.new_tokens) for delta in deltas] == [("a", 1), ("🦊", 5), ("", 5)]
    assert {delta.prompt_tokens for delta in deltas} == {7}
