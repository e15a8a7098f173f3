"""Which rows of a snapshot a round uses where there are more than it has time for. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

OWNER = "owner"
MOST_HELDOUT = 1_000
"""Held-out pairs or rankings that quality checks read: the share that a version gets right is then known to within 3 percent."""

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest number of examples of each kind that a round trains on, and of held-out ones; None: all."""

    train: int | None = None
    heldout: int | None = None


ALL = Limits()


def sampled(own: Flags, most: int | None) -> Places:
    """The places of at most `most` rows, in order: the owner's own newest rows first (rows stand oldest first), then rows that
    are spread evenly over the others, so that each import has its share. The same rows give the same sample."""
    if most is None or len(own) <= most:
        return np.arange(len(own))
    mine = np.flatnonzero(own)
    if len(mine) >= most:
        return mine[len(mine) - most :]
    others = np.flatnonzero(~own)
    wanted = most - len(mine)
    spread = others[np.arange(wanted) * len(others) // wanted]
    return np.sort(np.concatenate([mine, spread]))


def chosen_rows(train: Flags, own: Flags, limits: Limits) -> Places:
    """The places of the rows to read: a sample of the training side and one of the held-out side, in order."""
    sides = [
        np.flatnonzero(side)[sampled(own[side], most)]
        for side, most in ((train, limits.train), (~train, limits.heldout))
    ]
    return np.sort(np.concatenate(sides))
