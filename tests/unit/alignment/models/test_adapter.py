"""Training that changes nothing, or breaks the weights, is never taken for success."""

import pytest
import torch

from alignment.models.adapter import NothingLearned, change, trainable_parameters


def test_the_same_weights_after_training_are_refused() -> None:
    weights = {"lora_B": torch.zeros(2, 2)}
    with pytest.raises(NothingLearned, match="nothing was learned"):
        change(weights, {"lora_B": torch.zeros(2, 2)})


def test_weights_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(NothingLearned, match="not numbers"):
        change({"lora_B": torch.zeros(2)}, {"lora_B": torch.tensor([float("nan"), 0.0])})


def test_a_change_is_measured_by_its_norm() -> None:
    assert change({"lora_B": torch.zeros(2)}, {"lora_B": torch.tensor([3.0, 4.0])}) == 5.0


def test_a_frozen_model_is_refused_before_training() -> None:
    model = torch.nn.Linear(2, 2)
    assert trainable_parameters(model) == 6
    with pytest.raises(NothingLearned, match="trainable"):
        trainable_parameters(model.requires_grad_(False))
