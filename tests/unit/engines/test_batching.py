"""Which requests are answered together."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.comparison import InvalidPrompt, LimitTooLarge, Message, Sampling
from feedback_app.engines.base import GenerationRequest
from feedback_app.engines.batching import Tokenized, batches, tokenized
from feedback_app.engines.tokenizer import ChatTokenizer
from tests.unit.engines.small_tokenizer import write_folder


def request(model="base", content="Hello", **sampling):
    return GenerationRequest(model, (Message("user", content),), Sampling(**sampling))


def prompt(index, length, model="base", **sampling):
    return Tokenized(index, request(model, **sampling), tuple(range(length)), 16)


def indices(groups):
    return sorted(sorted(one.index for one in group) for group in groups)


def test_each_model_has_its_batch():
    groups = batches([prompt(0, 5, "a"), prompt(1, 5, "b"), prompt(2, 5, "a")])
    assert indices(groups) == [[0, 2], [1]]


def test_ways_of_sampling_do_not_mix_but_lengths_of_replies_do():
    groups = batches([prompt(0, 5), prompt(1, 5, temperature=0.1), prompt(2, 5, max_new_tokens=9)])
    assert indices(groups) == [[0, 2], [1]]


def test_different_prompts_do_not_share_a_batch():
    assert indices(batches([prompt(0, 500), prompt(1, 10), prompt(2, 500)])) == [[0, 2], [1]]


def test_more_replies_than_fit_into_memory_are_split_evenly():
    groups = batches([prompt(i, 5) for i in range(8)], lambda first: 3)
    assert sorted(len(group) for group in groups) == [2, 3, 3]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4)), max_size=12), st.integers(1, 5))
def test_every_request_is_in_exactly_one_batch_of_its_prompt(prompts, largest):
    requests = [prompt(i, length, model) for i, (model, length) in enumerate(prompts)]
    groups = batches(requests, lambda first: largest)
    assert sorted(one.index for group in groups for one in group) == list(range(len(prompts)))
    for group in groups:
        assert len({(one.request.model, one.ids) for one in group}) == 1
        assert len(group) <= largest


def test_prompt_and_reply_fit_the_window_together(tmp_path):
    tokenizer = ChatTokenizer(write_folder(tmp_path, max_position_embeddings=128))
    one = tokenized(0, request(content="x" * 40, max_new_tokens=4096), tokenizer, tokenizer.window)
    assert len(one.ids) + one.limit <= 128
    assert one.limit >= 1
    with pytest.raises(InvalidPrompt):
        tokenized(0, replace(request(), messages=(Message("user", "x" * 100),)), tokenizer, tokenizer.window)


def test_a_limit_that_no_prompt_leaves_room_for_is_refused_only_where_it_must_fit(tmp_path):
    tokenizer = ChatTokenizer(write_folder(tmp_path))
    far = request(max_new_tokens=500)
    assert tokenized(0, far, tokenizer, 500).limit < 500
    with pytest.raises(LimitTooLarge, match="room for 500"):
        tokenized(0, replace(far, limit_must_fit=True), tokenizer, 500)
    tokenized(0, replace(request(max_new_tokens=499), limit_must_fit=True), tokenizer, 500)
