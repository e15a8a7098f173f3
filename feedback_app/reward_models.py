"""A part of the composition root: the trained reward models, opened and judged by the training packages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignment.base_model import BaseModelUnavailable, ready_files
from alignment.rewards import CorruptReward, read_reward
from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import RankedReplies
from feedback_app.services.models import BaseFiles
from feedback_app.services.repeats import Repeats
from feedback_app.services.rewards import BrokenRewardModel, Reply, Rewards, Shelf
from feedback_app.settings import Settings
from feedback_app.store import Store

if TYPE_CHECKING:
    from reward_model.fit import Reward


def rewards(settings: Settings, store: Store, base: Callable[[], BaseFiles], repeats: Repeats) -> Rewards:
    """The trained reward models; torch is imported when one is asked to score."""
    return Rewards(
        store=store,
        shelf=Shelf(settings.root / "rewards"),
        base_hash=lambda: _hash_of_base(settings),
        load=lambda folder: _open_reward(base().hf_dir, folder),
        judge=_judged,
        heldout_fraction=settings.heldout_fraction,
        repeats=lambda: repeats.agreement().same,
        lengths=(settings.gate_min_length_ratio, settings.gate_max_length_ratio),
    )


def _hash_of_base(settings: Settings) -> str:
    """Of the prepared base model; empty where none is prepared."""
    try:
        ready = ready_files(settings.base_model, settings.root / "models")
    except BaseModelUnavailable:
        return ""
    return ready.hash if ready else ""


@dataclass(frozen=True, slots=True)
class _TrainedReward:
    """The reward model with our messages on its outside."""

    reward: "Reward"

    def score(self, items: Sequence[Reply]) -> list[float]:
        return self.reward.score([(_turns(prompt), reply) for prompt, reply in items])


def _open_reward(base_dir: Path, folder: Path) -> _TrainedReward:
    """Raises BrokenRewardModel."""
    from reward_model.fit import load_reward

    try:
        read_reward(folder)
        return _TrainedReward(load_reward(base_dir, folder))
    except CorruptReward as error:
        raise BrokenRewardModel(str(error)) from error
    except (OSError, ValueError, KeyError) as error:
        raise BrokenRewardModel(
            f"the reward model {folder.name} cannot be loaded: train it again: codelynn reward train"
        ) from error


def _judged(rankings: Sequence[RankedReplies], rewards: Sequence[Sequence[float]]) -> dict[str, Any]:
    from reward_model.rankings import Ranked
    from reward_model.report import evaluate_rewards

    ranked = [Ranked(_turns(r.prompt), r.replies, r.places, "heldout") for r in rankings]
    return evaluate_rewards(ranked, rewards).record()


def _turns(messages: Sequence[Message]) -> tuple[dict[str, str], ...]:
    return tuple({"role": message.role, "content": message.content} for message in messages)
