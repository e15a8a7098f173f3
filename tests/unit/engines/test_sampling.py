"""Drawing tokens row by row."""

import pytest
import torch

from feedback_app.domain.comparison import Sampling
from feedback_app.engines.sampling import RowSampler

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0])
CPU = torch.device("cpu")
NOTHING = torch.empty((1, 0), dtype=torch.long)


def frequencies(sampling, draws=4000):
    """Share of each token among `draws` draws of one row."""
    sampler = RowSampler([(sampling, 1)], CPU, 0)
    tokens = torch.stack([sampler(NOTHING, LOGITS[None]).argmax(-1)[0] for _ in range(draws)])
    return torch.bincount(tokens, minlength=4) / draws


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_with_the_probabilities_of_the_softmax(temperature):
    wanted = torch.softmax(LOGITS / temperature, -1)
    assert torch.allclose(frequencies(Sampling(temperature, top_p=1.0)), wanted, atol=0.03)


def test_temperature_0_takes_the_likeliest():
    assert frequencies(Sampling(0.0), draws=5)[0] == 1


def test_top_k_and_top_p_leave_the_unlikely_out():
    assert frequencies(Sampling(2.0, top_p=1.0, top_k=2), draws=500)[2:].sum() == 0
    # The softmax is .64, .24, .09, .03: two tokens reach .7.
    assert frequencies(Sampling(1.0, top_p=0.7), draws=500)[2:].sum() == 0
    assert frequencies(Sampling(1.0, top_p=0.01), draws=5)[0] == 1


def test_every_row_has_its_own_settings_and_seed():
    rows = [(Sampling(0.0), 0), (Sampling(1.0), 3), (Sampling(1.0), 3), (Sampling(1.0), 4)]
    drawn = RowSampler(rows, CPU, 0)(NOTHING.expand(4, 0), LOGITS.expand(4, 4))
    assert torch.equal(drawn[0], LOGITS)
    assert torch.equal(drawn[1], drawn[2])
    assert not torch.equal(drawn[2], drawn[3])


def test_what_a_reply_has_already_becomes_less_likely_but_what_the_prompt_has_does_not():
    prompt_and_reply = torch.tensor([[1, 0, 3, 3]])
    sampler = RowSampler([(Sampling(0.0, repetition_penalty=2.0), 0)], CPU, prompt_length=1)
    assert sampler(prompt_and_reply, LOGITS[None]).tolist() == [[1.0, 1.0, 0.0, -2.0]]
