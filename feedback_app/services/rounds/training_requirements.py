"""What there is to learn from now, and what a method still lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from feedback_app.domain.preference import split_of, split_of_key
from feedback_app.services.dataset.unpaired_feedback import given_demonstrations, given_ratings
from feedback_app.store import Store


@dataclass(frozen=True, slots=True)
class Supply:
    """Counted when it is asked for, on the training side alone. `reward_model`: is there one of the base model in force?"""

    store: Store
    heldout_fraction: float
    reward_model: Callable[[], bool]

    def pairs(self) -> int:
        """Preference pairs, without reading any text."""
        return sum(
            pairs
            for key, pairs in self.store.comparisons.pairs_by_prompt()
            if split_of_key(key, self.heldout_fraction) == "train"
        )

    def ratings(self) -> tuple[int, int]:
        """Replies that people rated good, and bad; without pairs taken apart."""
        rated = [
            rating.good
            for rating in given_ratings(self.store, None)
            if split_of(rating.prompt, self.heldout_fraction) == "train"
        ]
        return sum(rated), len(rated) - sum(rated)

    def demonstrations(self) -> int:
        """Replies that people wrote or edited."""
        given = given_demonstrations(self.store, None)
        return sum(split_of(item.prompt, self.heldout_fraction) == "train" for item in given)


def lacking(method: str, config: Mapping[str, Any], supply: Supply, needed: int) -> str:
    """Why a round of this method cannot start now and what to do, in one line; empty if it can."""
    wanted = [NEEDS[method]]
    if config.get("reward"):
        wanted = [_pairs] if NEEDS[method] is _reward_model else [*wanted, _pairs]
    elif config.get("online_repeats"):
        wanted.append(_reward_model)
    if config.get("sft_first"):
        wanted.append(_demonstrations)
    return next(filter(None, (need(supply, needed) for need in wanted)), "")


def _pairs(supply: Supply, needed: int) -> str:
    if (pairs := supply.pairs()) >= needed:
        return ""
    return (
        f"a round needs at least {needed} preference pairs to train on and there are {pairs}: "
        "rank more replies, or import a dataset"
    )


def _ratings(supply: Supply, needed: int) -> str:
    pairs, (good, bad) = supply.pairs(), supply.ratings()
    if (count := 2 * pairs + good + bad) < needed:
        return (
            f"a round needs at least {needed} rated replies to train on and there are {count}: "
            "rate replies in the chat, rank some, or import ratings (format kto)"
        )
    if pairs or (good and bad):
        return ""
    given, missing = ("good", "bad") if good else ("bad", "good")
    return f"all rated replies are {given}, and KTO needs {missing} ones too: rate more replies, or rank some"


def _demonstrations(supply: Supply, needed: int) -> str:
    if (count := supply.demonstrations()) >= needed:
        return ""
    return (
        f"a round needs at least {needed} demonstrations to train on and there are {count}: "
        "edit replies in the arena, or import some (format sft)"
    )


def _reward_model(supply: Supply, needed: int) -> str:
    if supply.reward_model():
        return ""
    return "there is no reward model of this base model yet: train one first, or set reward to true"


NEEDS: dict[str, Callable[[Supply, int], str]] = {
    "dpo": _pairs,
    "kto": _ratings,
    "ppo": _reward_model,
    "rloo": _reward_model,
    "sft": _demonstrations,
    "reward": _pairs,
}
"""The methods there are, and what each cannot start without."""
