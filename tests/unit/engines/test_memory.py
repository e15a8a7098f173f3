"""How much memory a batch takes."""

from hypothesis import given
from hypothesis import strategies as st

from feedback_app.engines.memory import BatchMemory, budget_for

DEFAULT = {"num_attention_heads": 9, "num_hidden_layers": 30, "hidden_size": 576, "head_dim": 64}
MEGABYTE = 1024**2


def test_the_default_models_footprint_is_what_was_measured():
    found = BatchMemory.of(DEFAULT)
    assert found == BatchMemory(138_240, 72)
    assert 550e6 < found.batch(2040, 40, 1) < 650e6, "616 MB were measured"


def test_a_nested_configuration_is_read_too():
    assert BatchMemory.of({"text_config": DEFAULT}) == BatchMemory.of(DEFAULT)
    assert BatchMemory.of({"n_head": 12, "n_layer": 12, "n_embd": 768}) == BatchMemory(73_728, 96)


def test_a_configuration_that_says_nothing_bounds_nothing():
    assert BatchMemory.of({}).window(1000) == 1000
    assert BatchMemory.of({}).replies(5000, 500, 1000) >= 8


def test_memory_for_replies_grows_with_the_weights_unless_it_is_set():
    assert budget_for(135 * MEGABYTE, 0) == 405 * MEGABYTE
    assert budget_for(1 * MEGABYTE, 0) == 256 * MEGABYTE
    assert budget_for(135 * MEGABYTE, 900) == 900 * MEGABYTE


shapes = st.builds(BatchMemory, st.integers(1, 10**6), st.integers(1, 1000))


@given(shapes, st.integers(10**6, 10**10), st.floats(0.05, 0.95))
def test_what_fits_the_window_fits_into_memory(shape, budget, share):
    window = shape.window(budget)
    prompt = int(window * share)
    assert shape.batch(prompt, window - prompt, 1) <= budget
    assert shape.batch(window + 1, 0, 1) > budget - 2 * (shape.token + shape.square * (window + 1))


@given(shapes, st.integers(1, 3000), st.integers(1, 500), st.integers(10**6, 10**10))
def test_as_many_replies_as_are_allowed_fit_into_memory(shape, prompt, new, budget):
    replies = shape.replies(prompt, new, budget)
    assert replies == 1 or shape.batch(prompt, new, replies) <= budget
