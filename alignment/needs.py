"""What each method learns from: a round that lacks it is refused before anything large is loaded. Pure."""

from collections.abc import Callable

from alignment.config import RoundRefused
from alignment.snapshot import InvalidSnapshot, Snapshot
from alignment.spec import RoundSpec

NO_REWARD = (
    "this method learns from a reward model and there is none yet: train one first, or set reward to true"
)


def refuse_lacking(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raise RoundRefused unless the snapshot holds what the method and the stages before it learn from."""
    NEEDS[spec.method](spec, snapshot)


def need_pairs(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raises InvalidSnapshot."""
    needed = max(spec.min_pairs, 1)
    if len(snapshot.train) < needed:
        raise InvalidSnapshot(
            f"only {len(snapshot.train)} training pairs, and a round needs {needed}: rank more replies"
        )


def need_reward(spec: RoundSpec, snapshot: Snapshot) -> None:
    """A reward model, or the pairs to train one from first. Raises RoundRefused."""
    if spec.policy.reward:
        need_pairs(spec, snapshot)
    elif spec.current_reward is None:
        raise RoundRefused(NO_REWARD)


Need = Callable[[RoundSpec, Snapshot], None]
NEEDS: dict[str, Need] = {"dpo": need_pairs, "ppo": need_reward}
