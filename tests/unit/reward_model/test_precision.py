"""In which arithmetic a training runs."""

from collections.abc import Callable

import pytest
import torch

from reward_model.precision import bf16, quicker


def taking(**seconds: float) -> Callable[[torch.dtype], float]:
    """A processor on which a product takes so long."""
    return lambda dtype: seconds[str(dtype).removeprefix("torch.")]


@pytest.mark.parametrize(("asked", "given"), [("bf16", True), ("fp32", False)])
def test_what_is_asked_for_is_taken(asked: str, given: bool) -> None:
    assert bf16(asked, "cpu") is given


@pytest.mark.parametrize(
    ("float32", "bfloat16", "chosen"), [(2.0, 1.0, True), (1.0, 2.0, False), (1.1, 1.0, False)]
)
@pytest.mark.parametrize("ability", ["amx_tile", "avx512_bf16"])
def test_bfloat16_is_chosen_where_it_proves_clearly_faster(
    ability: str, float32: float, bfloat16: float, chosen: bool
) -> None:
    assert quicker({ability: True}, taking(float32=float32, bfloat16=bfloat16)) is chosen


def test_slow_moments_do_not_decide() -> None:
    moments = iter([*[9.0] * 7, 2.0, *[9.0] * 7, 1.0])
    assert quicker({"amx_tile": True}, lambda _: next(moments))


def test_a_processor_that_only_imitates_bfloat16_is_not_asked() -> None:
    def never(_: torch.dtype) -> float:
        raise AssertionError("measured")

    assert not quicker({"amx_tile": False, "avx2": True}, never)
