"""Plans a comparison: its prompt with the persona's system turn, and the version, sampling and seed of each candidate."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    InvalidPrompt,
    Message,
    Sampling,
    checked_prompt,
    checked_texts,
)
from feedback_app.domain.persona import Persona
from feedback_app.services.generation.versions import Models

SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class ComparisonPlanner:
    """`candidates` is how many replies a comparison has by default. `sampling` says how replies are drawn now."""

    models: Models
    persona: Callable[[], Persona]
    candidates: int
    sampling: Callable[[], Sampling]
    chance: random.Random

    def plan(
        self,
        messages: Sequence[Message],
        n: int | None = None,
        models: Sequence[str] = (),
        source: str = "arena",
        tags: Sequence[str] = (),
    ) -> Comparison:
        """A comparison that is neither stored nor written yet. Raises InvalidPrompt, UnknownModel.

        A prompt without a system turn is answered as the persona.
        """
        count = self.candidates if n is None else n
        if not 2 <= max(count, len(models)) <= 4:
            raise InvalidPrompt("a comparison has two to four candidates: ask for n from 2 to 4")
        prompt = self.as_persona(checked_prompt(messages))
        candidates = self._candidates(count, models)
        return Comparison(prompt, candidates, source=source, persona=self.persona().id, tags=tuple(tags))

    def as_persona(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages, with the persona's system turn where they do not begin with one. Raises InvalidPrompt."""
        if messages[0].role == "system":
            return checked_texts(messages)
        return checked_texts((Message("system", self.persona().system_prompt), *messages))

    def _candidates(self, n: int, wanted: Sequence[str]) -> tuple[Candidate, ...]:
        latest, previous = self.models.resolve("latest"), self.models.predecessor()
        versions = line_up(n, latest, previous, [self.models.resolve(name) for name in wanted])
        self.chance.shuffle(versions)
        sampling = self.sampling()
        return tuple(
            Candidate(f"c{i}", i, version, sampling=sampling, seed=self.chance.randrange(SEEDS))
            for i, version in enumerate(versions, start=1)
        )


def line_up(n: int, latest: str, predecessor: str, wanted: Sequence[str] = ()) -> list[str]:
    """The model of each of `n` candidates, before shuffling.

    Wanted models take turns; without a wish, the latest version meets its predecessor.
    """
    turns = list(wanted) or [latest, predecessor]
    return [turns[i % len(turns)] for i in range(max(n, len(wanted)))]
