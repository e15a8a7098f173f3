"""How long a round will take: as long as the last one of its kind did here, for as much as there is to learn from now. Before the
first one an upper bound is reckoned from times measured elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback_app.domain.expectation import Expected
from feedback_app.domain.round import Round, RoundEvent, RoundState
from feedback_app.services.lineage import Lineage
from feedback_app.services.supply import Supply
from feedback_app.store import Store

DONE = (RoundState.promoted, RoundState.held)
OPTIONS = ("reward", "sft_first", "online_repeats")
"""What adds stages to a round."""
GROWS_WITH = {"ppo": "episodes", "rloo": "steps"}
"""The setting that a method's training is as long as. That of others is as long as there are pairs."""
LOOK_BACK = 50


Bound = Callable[[str, Mapping[str, Any], Mapping[str, int]], float | None]
"""(method, config, amounts) -> seconds that such a round may take here, from measured times; None where it cannot be said. The amounts
are named `pairs`, `heldout`, `rated` and `demonstrations`."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """`supply` counts what a round would learn from now, `bound` reckons how long the first one may take with `least` examples or more."""

    store: Store
    lineage: Lineage
    supply: Supply
    bound: Bound
    least: int

    def expected(self, method: str, config: Mapping[str, Any]) -> Expected | None:
        """From the start of such a round to its end; None where nothing can be said."""
        rounds = self.store.rounds.list(LOOK_BACK)
        last = next((round_ for round_ in rounds if alike(round_, method, config)), None)
        if last is None or last.started_at is None:
            there = amounts(self.supply, method, config)
            seconds = self.bound(method, config, {**there, "pairs": max(there["pairs"], self.least)})
            return None if seconds is None else Expected(seconds, first=True)
        took = stage_seconds(self.store.rounds.events(last.id), last.started_at)
        then = self.lineage.counts(last.snapshot).get("train", 0)
        return Expected(expected(took, method, _growth(last, config, method, then, self.supply.pairs())))


def amounts(supply: Supply, method: str, config: Mapping[str, Any]) -> dict[str, int]:
    """What a round of this method would learn from now; what it does not need is not counted."""
    pairs = supply.pairs()
    rated = 2 * pairs + sum(supply.ratings()) if method == "kto" else 0
    shown = supply.demonstrations() if method == "sft" or config.get("sft_first") else 0
    heldout = round(pairs * supply.heldout_fraction / max(1 - supply.heldout_fraction, 0.01))
    return {"pairs": pairs, "heldout": heldout, "rated": rated, "demonstrations": shown}


def alike(round_: Round, method: str, config: Mapping[str, Any]) -> bool:
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
    grows = ("train",) if method in GROWS_WITH else ("train", "reward", "sft")
    return sum(seconds * (growth if stage.split("-")[0] in grows else 1.0) for stage, seconds in took.items())


def _growth(last: Round, config: Mapping[str, Any], method: str, pairs_then: int, pairs_now: int) -> float:
    name = GROWS_WITH.get(method)
    if name is None:
        return pairs_now / pairs_then if pairs_then and pairs_now else 1.0
    then = last.config.get(name)
    return float(config.get(name) or then or 1) / float(then or config.get(name) or 1)
