"""The amount of training data, counted in the same way by the service and the trainer."""

from dataclasses import dataclass

from alignment.contract.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Amounts:
    """Examples on the training side, except for `heldout`, which counts held-out pairs.

    `pairs` are preference pairs of two different replies. `good` and `bad` are replies that people rated. `reward_model`:
    there is a reward model of the base model. `pretraining_texts`: there is a file of texts for PPO to predict as well.
    """

    pairs: int = 0
    heldout: int = 0
    good: int = 0
    bad: int = 0
    demonstrations: int = 0
    reward_model: bool = False
    pretraining_texts: bool = False

    @property
    def rated(self) -> int:
        """Rated replies. Each pair counts as one good and one bad reply."""
        return 2 * self.pairs + self.good + self.bad


def amounts_of(snapshot: Snapshot, reward_model: bool = False, pretraining_texts: bool = False) -> Amounts:
    """The amounts in a snapshot."""
    good = sum(rating.good for rating in snapshot.ratings)
    return Amounts(
        pairs=len(snapshot.train),
        heldout=len(snapshot.heldout),
        good=good,
        bad=len(snapshot.ratings) - good,
        demonstrations=len(snapshot.demonstrations),
        reward_model=reward_model,
        pretraining_texts=pretraining_texts,
    )
