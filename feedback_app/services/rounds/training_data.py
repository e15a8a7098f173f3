"""How much training data is available now."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from alignment.contract.amounts import Amounts
from alignment.contract.methods import Need, RoundConfig
from alignment.contract.requirements import lacking, needs_of
from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import first_training_key, split_of
from feedback_app.services.dataset.unpaired_feedback import chat_edits, chat_ratings
from feedback_app.store import Store

MANY = 2_000
"""More imported ratings or demonstrations than this are not read to be counted: the share that is held out is known."""


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
        """Preference pairs of two different replies. The store keeps their number."""
        return self.store.counters.pairs_from(first_training_key(self.heldout_fraction))

    def ratings(self) -> tuple[int, int]:
        """Replies that people rated good, and bad; without the replies of pairs. An estimate where many were imported."""
        chats = [rating.good for rating in chat_ratings(self.store, None) if self._trains(rating.prompt)]
        good, bad = self.store.training.rated()
        if good + bad > MANY:
            good, bad = self._share(good), self._share(bad)
        else:
            imported = [rating.good for rating in self.store.ratings.all() if self._trains(rating.prompt)]
            good, bad = sum(imported), len(imported) - sum(imported)
        return good + sum(chats), bad + len(chats) - sum(chats)

    def demonstrations(self) -> int:
        """Replies that people wrote or edited. An estimate where many were imported."""
        chats = self._number(item.prompt for item in chat_edits(self.store, None))
        imported = self.store.demonstrations.count()
        if imported > MANY:
            imported = self._share(imported)
        else:
            imported = self._number(item.prompt for item in self.store.demonstrations.all())
        return imported + self.store.training.edits(first_training_key(self.heldout_fraction)) + chats

    def _number(self, prompts: Iterable[Sequence[Message]]) -> int:
        return sum(map(self._trains, prompts))

    def _trains(self, prompt: Sequence[Message]) -> bool:
        return split_of(prompt, self.heldout_fraction) == "train"

    def _share(self, number: int) -> int:
        return round(number * (1 - self.heldout_fraction))
