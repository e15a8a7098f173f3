"""Which records of an import are here already. They are looked up by the keys of their prompts and by their digests."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from feedback_app.domain.documents import PairDocument, edit_of, messages_of, pair_documents
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating, prompt_key
from feedback_app.formats import kto, sft
from feedback_app.formats.pairs import carried, pair_id_of
from feedback_app.services.dataset.unpaired_feedback import PersonaOf, chat_edits, chat_ratings
from feedback_app.store import Store

Prompted = PreferencePair | Rating | Demonstration


@dataclass(frozen=True, slots=True)
class Known:
    """Answers from the database as it is now. What was said in chats is read once, when it is asked for."""

    store: Store
    persona: PersonaOf | None

    def pairs(self, pairs: Sequence[PreferencePair]) -> Counter[str]:
        """How often the stored rankings give each pair, by its id; only pairs with the same prompts are counted."""
        return Counter(map(pair_id_of, self._stored_pairs(pairs)))

    def rated_in_chats(self) -> set[str]:
        return set(map(kto.rating_id, chat_ratings(self.store, self.persona)))

    def written_in_chats(self) -> set[str]:
        return set(map(sft.demonstration_id, chat_edits(self.store, self.persona)))

    def ratings(self, ratings: Sequence[Rating]) -> set[str]:
        """The ids of those that were imported before, or are part of a stored pair."""
        apart = (
            kto.content_id_of(kto.record_of_reply(pair, chosen))
            for pair in self._stored_pairs(ratings)
            if carried(pair)
            for chosen in (True, False)
        )
        return {*apart, *map(kto.rating_id, self.store.ratings.known(ratings))}

    def demonstrations(self, demonstrations: Sequence[Demonstration]) -> set[str]:
        """The ids of those that were imported before, or are edits of a ranked reply."""
        edits = (
            Demonstration(messages_of(comparison.messages), edit)
            for comparison in self.store.documents.of_prompts(_keys(demonstrations))
            if (edit := edit_of(comparison)) is not None
        )
        return {*map(sft.demonstration_id, (*edits, *self.store.demonstrations.known(demonstrations)))}

    def _stored_pairs(self, items: Iterable[Prompted]) -> list[PairDocument]:
        comparisons = self.store.documents.of_prompts(_keys(items))
        return [pair for comparison in comparisons for pair in pair_documents(comparison)]


def _keys(items: Iterable[Prompted]) -> list[str]:
    return list(dict.fromkeys(prompt_key(item.prompt) for item in items))
