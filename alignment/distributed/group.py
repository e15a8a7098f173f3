"""Processes that train one model together, one per GPU, and what they tell each other (torch.distributed).

Each has a number, its rank. Alone, no process group is made, nothing is sent, and everything here gives back what it is given.
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
"""How long a rank waits for the others. One that died is noticed at once, by the process that started them."""


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """This process among `world` that train together. All of them make the same calls in the same order."""

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes files and tells of progress."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> list[Item]:
        """What this rank works on."""
        return list(items[self.rank :: self.world])

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows [share, ...] of all ranks, in the order they had before they were shared. All have as many."""
        if self.world == 1:
            return rows
        found = [torch.empty_like(rows) for _ in range(self.world)]
        dist.all_gather(found, rows.contiguous())
        return torch.stack(found, 1).flatten(0, 1)

    def gathered_rows(self, rows: Sequence[Tensor], lengths: Sequence[int]) -> list[Tensor]:
        """The same for rows [length, size] of different lengths; `lengths` are those of all ranks. None, unless all have theirs."""
        if self.world == 1:
            return list(rows)
        if self.any(not rows):
            return []
        found = list(rows[:1]) * len(lengths)
        for rank in range(self.world):
            theirs = list(lengths[rank :: self.world])
            empty = rows[0].new_empty(sum(theirs), rows[0].shape[-1])
            block = torch.cat(list(rows)) if rank == self.rank else empty
            dist.broadcast(block, rank)
            found[rank :: self.world] = torch.split(block, theirs)
        return found

    def summed(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """Each number summed over the ranks; exactly the same on all of them, so that they decide alike."""
        if self.world == 1:
            return dict(numbers)
        together = torch.tensor(list(numbers.values()), dtype=torch.float64)
        dist.all_reduce(together)
        return dict(zip(numbers, together.tolist(), strict=True))

    def any(self, here: bool) -> bool:
        """Whether it is so on any rank."""
        return self.summed({"here": float(here)})["here"] > 0

    def add_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Give each parameter the sum of its gradients on all ranks."""
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
        """Give every rank the values that the first one has."""
        if self.world > 1:
            for each in tensors:
                dist.broadcast(each.detach(), 0)

    def wait(self) -> None:
        """Until all ranks are here."""
        self.any(False)


ALONE = ProcessGroup()


def join(rank: int, world: int, meeting: Path) -> ProcessGroup:
    """Meet the other ranks by way of a file that is new. On GPUs each takes the one of its number; what lies in main
    memory goes by gloo, what lies on GPUs by NCCL."""
    if torch.cuda.is_available():
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
        init_method=meeting.as_uri(),
        rank=rank,
        world_size=world,
        timeout=PATIENCE,
    )
    return ProcessGroup(rank, world)
