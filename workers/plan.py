"""How many examples a round uses, and how long it may take, before its snapshot is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from alignment.contract.durations import first_round, round_seconds
from alignment.contract.methods import RoundConfig, round_config
from alignment.contract.requirements import needs_of
from alignment.contract.sampling import limited
from alignment.models.base_model import BaseModel
from alignment.models.base_size import size_of
from feedback_app.domain.round import Round
from feedback_app.services.reward.reward_models import RewardModelRegistry
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.settings import Settings
from feedback_app.store import Store


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """The expected seconds of each stage where they were measured, and of the whole round here. `total`: about how many comparisons
    the snapshot holds; `usage`: how many examples the round uses, in words, empty where it uses all."""

    seconds: Mapping[str, float]
    expected: float | None
    total: int
    usage: str


def planned_round(
    settings: Settings, store: Store, claimed: Round, base: BaseModel
) -> tuple[Round, PlannedRound]:
    """The round with how many examples it uses, where that was not said when it was queued, and its plan. Raises InvalidConfig."""
    data = _training_data(settings, store, base)
    estimates = _estimates(settings, store, base, data)
    config = estimates.sampled(claimed.method, claimed.config) or round_config(claimed.method, claimed.config)
    claimed = replace(claimed, config={**claimed.config, "max_pairs": config.max_pairs})
    expected = estimates.expected(claimed.method, claimed.config)
    usage = expected.usage.text if expected and expected.usage else ""
    seconds = _seconds(data, claimed.method, config)
    total = store.training.comparisons()
    return claimed, PlannedRound(seconds, expected.seconds if expected else None, total, usage)


def _seconds(data: TrainingData, method: str, config: RoundConfig) -> Mapping[str, float]:
    there = data.amounts(needs_of(method, config))
    return round_seconds(config, limited(there, config), there.pairs + there.heldout)


def _training_data(settings: Settings, store: Store, base: BaseModel) -> TrainingData:
    rewards = RewardModelRegistry(settings.root / "rewards")
    return TrainingData(
        store,
        settings.heldout_fraction,
        lambda: rewards.current_folder(base.hash) is not None,
        settings.pretraining_texts is not None,
    )


def _estimates(settings: Settings, store: Store, base: BaseModel, data: TrainingData) -> Estimates:
    first = first_round(settings.train_threads, partial(size_of, base.hf_dir))
    return Estimates(store, Lineage(store, settings.root / "snapshots"), data, first, settings.min_pairs)
