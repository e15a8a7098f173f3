"""How long a round will take: scaled from the last comparable round, or an upper bound before the first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alignment.contract.amounts import Amounts
from alignment.contract.configs.policy import AUTO
from alignment.contract.durations import stage_seconds as planned_seconds
from alignment.contract.errors import InvalidConfig
from alignment.contract.methods import RoundConfig, method_named, round_config
from alignment.contract.requirements import needs_of
from alignment.contract.sampling import limited, with_sample
from feedback_app.domain.expectation import Expected, Usage
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
        there = self._amounts(method, config)
        if there is None:
            return None
        checked = self._sampled(method, config, there)
        used, last = limited(there, checked), self._last(method, config)
        used_for = usage(method, there, used, self._asked(method, config, there))
        if last is None or last.started_at is None:
            seconds = self._first(method, config, used)
            return None if seconds is None else Expected(seconds, True, used_for)
        took = stage_seconds(self.store.rounds.events(last.id), last.started_at)
        growth = _growth(last, config, method, self._used_then(last), used.pairs)
        return Expected(expected(took, method, growth), usage=used_for)

    def sampled(self, method: str, config: Mapping[str, Any]) -> RoundConfig | None:
        """The whole settings of such a round; where there are more examples than it has time for, with how many it uses. None
        while the settings are not valid."""
        there = self._amounts(method, config)
        return None if there is None else self._sampled(method, config, there)

    def _sampled(self, method: str, config: Mapping[str, Any], there: Amounts) -> RoundConfig:
        checked = round_config(method, config)
        return with_sample(checked, there, self._pace(method, config, limited(there, checked)))

    def _asked(self, method: str, config: Mapping[str, Any], there: Amounts) -> bool:
        """Whether `max_pairs` is another number than the one that would be chosen."""
        most = config.get("max_pairs", AUTO)
        return most not in (AUTO, self._sampled(method, {**config, "max_pairs": AUTO}, there).max_pairs)

    def _pace(self, method: str, config: Mapping[str, Any], used: Amounts) -> float:
        """How many times as long as its plan a round takes here: the last one where there was one, else as much as it may."""
        last = self._last(method, config)
        if last is not None and last.started_at is not None:
            took = sum(stage_seconds(self.store.rounds.events(last.id), last.started_at).values())
            then = replace(used, pairs=self._used_then(last))
        else:
            took, then = self._first(method, config, used) or 0.0, used
        planned = sum(planned_seconds(round_config(method, config), then).values())
        return took / planned if took else 1.0

    def _first(self, method: str, config: Mapping[str, Any], used: Amounts) -> float | None:
        return self.bound(method, config, replace(used, pairs=max(used.pairs, self.least)))

    def _last(self, method: str, config: Mapping[str, Any]) -> Round | None:
        """The last round of this kind."""
        rounds = self.store.rounds.list(LOOK_BACK)
        return next((round_ for round_ in rounds if comparable(round_, method, config)), None)

    def _used_then(self, last: Round) -> int:
        """The pairs that a round trained on."""
        pairs, most = self.lineage.counts(last.snapshot).get("train", 0), last.config.get("max_pairs")
        return min(pairs, most) if isinstance(most, int) else pairs

    def _amounts(self, method: str, config: Mapping[str, Any]) -> Amounts | None:
        """What such a round would learn from now; None while its settings are not valid."""
        try:
            return self.training_data.amounts(needs_of(method, round_config(method, config)))
        except InvalidConfig:
            return None


def usage(method: str, there: Amounts, used: Amounts, asked: bool) -> Usage | None:
    """What a round trains on; None where it writes its own replies."""
    match next(iter(method_named(method).needs), None):
        case "pairs":
            examples, counts = "pairs", (used.pairs, there.pairs)
        case "ratings":
            examples, counts = "rated replies", (used.rated, there.rated)
        case "demonstrations":
            examples, counts = "demonstrations", (used.demonstrations, there.demonstrations)
        case _:
            return None
    return Usage(examples, *counts, asked=asked)


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
