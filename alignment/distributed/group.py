"""The group of processes that train one model together, one per GPU, and their communication (torch.distributed).

Each process has a number, its rank. A single process makes no group and sends nothing: every method returns its input.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as dist

Tensor = torch.Tensor
Item = TypeVar("Item")
PATIENCE = timedelta(hours=1)
"""How long a rank waits for the others. The process that started them notices at once when one dies."""


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """This process (`rank`) among the `world` processes that train together. All of them make the same calls in the same order."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes the files and reports progress."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> list[Item]:
        """The share of the items that this rank works on."""
        return list(items[self.rank :: self.world])

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows [share, ...] of all ranks, in the order that they had before they were shared. All ranks have the same number."""
        if self.world == 1:
            return rows
        shares = [torch.empty_like(rows) for _ in range(self.world)]
        dist.all_gather(shares, rows.contiguous())
        return torch.stack(shares, 1).flatten(0, 1)

    def gathered_rows(self, rows: Sequence[Tensor], lengths: Sequence[int]) -> list[Tensor]:
        """The same for rows [length, size] of different lengths; `lengths` are those of all ranks. Empty if a rank has no rows."""
        if self.world == 1:
            return list(rows)
        if self.any(not rows):
            return []
        gathered = list(rows[:1]) * len(lengths)
        for rank in range(self.world):
            lengths_of_rank = list(lengths[rank :: self.world])
            empty = rows[0].new_empty(sum(lengths_of_rank), rows[0].shape[-1])
            block = torch.cat(list(rows)) if rank == self.rank else empty
            dist.broadcast(block, rank)
            gathered[rank :: self.world] = torch.split(block, lengths_of_rank)
        return gathered

    def summed(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """Each number summed over the ranks. The result is exactly the same on all ranks, so they take the same decisions."""
        if self.world == 1:
            return dict(numbers)
        sums = torch.tensor(list(numbers.values()), dtype=torch.float64)
        dist.all_reduce(sums)
        return dict(zip(numbers, sums.tolist(), strict=True))

    def any(self, here: bool) -> bool:
        """Whether `here` is true on any rank."""
        return self.summed({"here": float(here)})["here"] > 0

    def add_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace the gradient of each parameter by the sum over all ranks."""
        if self.world == 1:
            return
        gradients = [each.grad for each in parameters if each.grad is not None]
        together = torch.cat([each.flatten() for each in gradients])
        dist.all_reduce(together)
        for gradient, total in zip(
            gradients, torch.split(together, [each.numel() for each in gradients]), strict=True
        ):
            gradient.copy_(total.view_as(gradient))

    def same(self, tensors: Iterable[Tensor]) -> None:
        """Copy the values of the first rank to all ranks."""
        if self.world > 1:
            for each in tensors:
                dist.broadcast(each.detach(), 0)

    def wait(self) -> None:
        """Wait until all ranks have called this."""
        self.any(False)


ALONE = ProcessGroup()


def join(rank: int, world: int, rendezvous: Path) -> ProcessGroup:
    """Join the group through the new file `rendezvous`. Each rank uses the GPU of its number. Tensors in main memory are sent by gloo, those on
    GPUs by NCCL."""
    if torch.cuda.is_available():
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
        init_method=rendezvous.as_uri(),
        rank=rank,
        world_size=world,
        timeout=PATIENCE,
    )
    return ProcessGroup(rank, world)
