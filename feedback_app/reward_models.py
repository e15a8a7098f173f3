"""A part of the composition root: the trained reward models, opened and evaluated by the training packages, and the live one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from alignment.contract.manifests.reward import CorruptReward
from alignment.models.base_model import BaseModelUnavailable, ready_files
from alignment.scoring.client import NotScored, ScoringProcess
from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import RankedReplies
from feedback_app.services.arena.repeats import Repeats
from feedback_app.services.generation.versions import BaseFiles
from feedback_app.services.reward.live_learner import LiveReward
from feedback_app.services.reward.reward_models import (
    BrokenRewardModel,
    PromptReply,
    RewardModelRegistry,
    RewardModels,
    RewardModelUnavailable,
)
from feedback_app.settings import Settings
from feedback_app.store import Store

log = structlog.get_logger()


def rewards(
    settings: Settings, store: Store, base: Callable[[], BaseFiles], repeats: Repeats
) -> RewardModels:
    """The trained reward models. They score in a process of their own: neither torch nor a model is in ours."""
    scoring = ScoringProcess(settings.reward_idle_seconds, _loaded)
    return RewardModels(
        store=store,
        registry=RewardModelRegistry(settings.root / "rewards"),
        base_hash=lambda: _hash_of_base(settings),
        load=lambda folder: _opened(scoring, base().hf_dir, folder),
        judge=_judged,
        heldout_fraction=settings.heldout_fraction,
        repeats=lambda: repeats.agreement().same,
        lengths=(settings.gate_min_length_ratio, settings.gate_max_length_ratio),
        close=scoring.close,
    )


def live_reward(settings: Settings) -> Callable[[], LiveReward] | None:
    """What makes the live reward model; None: there is none."""
    return _live_reward_model if settings.live_reward else None


def _live_reward_model() -> LiveReward:
    """Called in the learning thread, if the setting is on, so that the pages do not wait for the import of its numerics."""
    from reward_model.live import LiveRewardModel

    return LiveRewardModel()


def _hash_of_base(settings: Settings) -> str:
    """Of the prepared base model; empty where none is prepared."""
    try:
        ready = ready_files(settings.base_model, settings.root / "models")
    except BaseModelUnavailable:
        return ""
    return ready.hash if ready else ""


@dataclass(frozen=True, slots=True)
class _TrainedReward:
    """The reward model in `folder`, with our messages on its outside."""

    scoring: ScoringProcess
    base_dir: Path
    folder: Path

    def score(self, items: Sequence[PromptReply]) -> list[float]:
        """Raises RewardModelUnavailable."""
        asked = [(_turns(prompt), reply) for prompt, reply in items]
        with _service_errors():
            return self.scoring.score(self.base_dir, self.folder, asked)


def _opened(scoring: ScoringProcess, base_dir: Path, folder: Path) -> _TrainedReward:
    """Raises RewardModelUnavailable."""
    with _service_errors():
        scoring.open(base_dir, folder)
    return _TrainedReward(scoring, base_dir, folder)


def _loaded(name: str, seconds: float) -> None:
    log.info("reward model loaded", name=name, seconds=seconds)


@contextmanager
def _service_errors() -> Iterator[None]:
    """The errors of the scoring process as the service's own."""
    try:
        yield
    except CorruptReward as error:
        raise BrokenRewardModel(str(error)) from error
    except NotScored as error:
        log.error("replies not scored", reason=str(error), at=error.at)
        raise RewardModelUnavailable(str(error)) from error


def _judged(rankings: Sequence[RankedReplies], rewards: Sequence[Sequence[float]]) -> dict[str, Any]:
    from reward_model.rankings import Ranked
    from reward_model.report import evaluate_rewards

    ranked = [Ranked(_turns(r.prompt), r.replies, r.places, "heldout") for r in rankings]
    return evaluate_rewards(ranked, rewards).record()


def _turns(messages: Sequence[Message]) -> tuple[dict[str, str], ...]:
    return tuple({"role": message.role, "content": message.content} for message in messages)
