"""How much training data is available now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alignment.contract.amounts import Amounts
from alignment.contract.methods import Need, RoundConfig
from alignment.contract.requirements import lacking, needs_of
from feedback_app.domain.preference import first_training_key, split_of
from feedback_app.services.dataset.unpaired_feedback import stored_demonstrations, stored_ratings
from feedback_app.store import Store


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Counts what is stored, on the training side alone, when it is asked. `reward_model`: is there one of the base model in
    force? `pretraining_texts`: is there a file of them?"""

    store: Store
    heldout_fraction: float
    reward_model: Callable[[], bool]
    pretraining_texts: bool = False

    def amounts(self, needs: Sequence[Need]) -> Amounts:
        """What there is of each need; what is not needed is not counted. The held-out pairs are an estimate."""
        pairs = self.pairs()
        good, bad = self.ratings() if "ratings" in needs else (0, 0)
        return Amounts(
            pairs=pairs,
            heldout=round(pairs * self.heldout_fraction / max(1 - self.heldout_fraction, 0.01)),
            good=good,
            bad=bad,
            demonstrations=self.demonstrations() if "demonstrations" in needs else 0,
            reward_model="reward_model" in needs and self.reward_model(),
            pretraining_texts=self.pretraining_texts,
        )

    def lacking(self, method: str, config: RoundConfig, needed: int) -> str:
        """Why a round cannot start now and what to do, in one line; empty if it can. `needed`: the fewest examples of a kind."""
        needs = needs_of(method, config)
        return lacking(needs, self.amounts(needs), needed)

    def pairs(self) -> int:
        """Preference pairs of two different replies, counted without reading any text."""
        return self.store.counters.pairs_from(first_training_key(self.heldout_fraction))

    def ratings(self) -> tuple[int, int]:
        """Replies that people rated good, and bad; without the replies of pairs."""
        rated = [
            rating.good
            for rating in stored_ratings(self.store, None)
            if split_of(rating.prompt, self.heldout_fraction) == "train"
        ]
        return sum(rated), len(rated) - sum(rated)

    def demonstrations(self) -> int:
        """Replies that people wrote or edited."""
        written = stored_demonstrations(self.store, None)
        return sum(split_of(item.prompt, self.heldout_fraction) == "train" for item in written)
