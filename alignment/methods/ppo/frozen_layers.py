"""The layers below the first adapted one: no adapter is on them, so what they give for a rollout is computed once."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from alignment.models.loading import Model

Tensor = torch.Tensor


class LowerLayers:
    """The layers of a causal language model that come before any of the named adapters."""

    def __init__(self, model: Model, adapters: Sequence[str]) -> None:
        adapted = [
            name for name, _ in model.named_parameters() if any(f".{each}." in name for each in adapters)
        ]
        numbered = [match for name in adapted if (match := re.match(r"(.+?)\.(\d+)\.", name))]
        self._lower: list[torch.nn.Module] = []
        if numbered and len({match[1] for match in numbered}) == 1:
            layers = list(model.get_submodule(numbered[0][1]))
            first = min(int(match[2]) for match in numbered)
            self._lower, self._first = layers[:first], layers[first]

    def __bool__(self) -> bool:
        return bool(self._lower)

    def forget(self) -> None:
        """Treat no layer as a lower layer from now on: this architecture has a step between its embedding and its first layer."""
        self._lower = []

    @contextmanager
    def kept(self) -> Iterator[list[Tensor]]:
        """Inside, collects the input of the first adapted layer, [rows, tokens, size], of each forward pass."""
        layer_inputs: list[Tensor] = []
        hook = self._first.register_forward_pre_hook(
            lambda _, inputs: layer_inputs.append(inputs[0].detach())
        )
        try:
            yield layer_inputs
        finally:
            hook.remove()

    @contextmanager
    def skipped(self) -> Iterator[None]:
        """Inside, the lower layers return their input unchanged."""
        for layer in self._lower:
            layer.forward = _handed_on
        try:
            yield
        finally:
            for layer in self._lower:
                del layer.forward


def _handed_on(hidden_states: Tensor, *_: object, **__: object) -> Tensor:
    return hidden_states
