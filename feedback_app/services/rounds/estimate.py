"""How long a round will take: scaled from the last comparable round, or an upper bound before the first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alignment.contract.amounts import Amounts
from alignment.contract.errors import InvalidConfig
from alignment.contract.methods import method_named, round_config
from alignment.contract.requirements import needs_of
from feedback_app.domain.expectation import Expected
from feedback_app.domain.round import Round, RoundEvent, RoundState
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.store import Store

DONE = (RoundState.promoted, RoundState.held)
OPTIONS = ("reward", "sft_first", "online_repeats")
"""What adds stages to a round."""
LOOK_BACK = 50


Bound = Callable[[str, Mapping[str, Any], Amounts], float | None]
"""(method, config, amounts) -> seconds that such a round may take here, from measured times; None where it cannot be said."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """`training_data` counts what a round would learn from now, `bound` reckons how long the first one may take with `least` examples or more."""

    store: Store
    lineage: Lineage
    training_data: TrainingData
    bound: Bound
    least: int

    def expected(self, method: str, config: Mapping[str, Any]) -> Expected | None:
        """From the start of such a round to its end; None where nothing can be said."""
        rounds = self.store.rounds.list(LOOK_BACK)
        last = next((round_ for round_ in rounds if comparable(round_, method, config)), None)
        if last is None or last.started_at is None:
            there = self._amounts(method, config)
            if there is None:
                return None
            seconds = self.bound(method, config, replace(there, pairs=max(there.pairs, self.least)))
            return None if seconds is None else Expected(seconds, first=True)
        took = stage_seconds(self.store.rounds.events(last.id), last.started_at)
        then = self.lineage.counts(last.snapshot).get("train", 0)
        return Expected(
            expected(took, method, _growth(last, config, method, then, self.training_data.pairs()))
        )

    def _amounts(self, method: str, config: Mapping[str, Any]) -> Amounts | None:
        """What such a round would learn from now; None while its settings are not valid."""
        try:
            return self.training_data.amounts(needs_of(method, round_config(method, config)))
        except InvalidConfig:
            return None


def comparable(round_: Round, method: str, config: Mapping[str, Any]) -> bool:
    """Whether the round went through the stages that such a one would, undisturbed."""
    same = all(bool(round_.config.get(name)) == bool(config.get(name)) for name in OPTIONS)
    undisturbed = round_.state in DONE and round_.attempt == 1 and not round_.damaged
    return round_.method == method and same and undisturbed


def stage_seconds(events: Sequence[RoundEvent], started: datetime) -> dict[str, float]:
    """How long each stage took, from the end of the one before to its last event."""
    took: dict[str, float] = {}
    for event in events:
        took[event.stage] = took.get(event.stage, 0.0) + (event.at - started).total_seconds()
        started = event.at
    return took


def expected(took: Mapping[str, float], method: str, growth: float) -> float:
    """The sum of the stages, those that train longer or shorter by `growth`. A reward model before PPO or RLOO grows with
    the pairs and not with the replies: it is left as it was."""
    grows = ("train",) if method_named(method).grows_with else ("train", "reward", "sft")
    return sum(seconds * (growth if stage.split("-")[0] in grows else 1.0) for stage, seconds in took.items())


def _growth(last: Round, config: Mapping[str, Any], method: str, pairs_then: int, pairs_now: int) -> float:
    name = method_named(method).grows_with
    if not name:
        return pairs_now / pairs_then if pairs_then and pairs_now else 1.0
    then = last.config.get(name)
    return float(config.get(name) or then or 1) / float(then or config.get(name) or 1)
