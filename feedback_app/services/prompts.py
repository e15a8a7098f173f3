"""Prompt packs: drawing a prompt that was not asked before."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import prompt_key


@dataclass(frozen=True, slots=True)
class PackPrompt:
    id: str
    prompt: str
    tags: tuple[str, ...]
    key: str
    language: str


class PromptPacks:
    """All prompts in `folder/*.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._prompts = [
            PackPrompt(
                entry["id"],
                entry["prompt"],
                tuple(entry["tags"]),
                prompt_key([Message("user", entry["prompt"])]),
                entry.get("language", ""),
            )
            for path in sorted(folder.glob("*.jsonl"))
            for entry in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        ]

    def __len__(self) -> int:
        return len(self._prompts)

    def topics(self) -> list[str]:
        """The first tag of each prompt: the pack it belongs to."""
        return sorted({prompt.tags[0] for prompt in self._prompts})

    def languages(self) -> list[str]:
        """ISO 639 codes of the languages that the packs ask in."""
        return sorted({prompt.language for prompt in self._prompts if prompt.language})

    def draw(
        self, chance: random.Random, topic: str | None, asked: Callable[[Sequence[str]], set[str]]
    ) -> PackPrompt | None:
        """A prompt of the topic (any, if None) that was not asked; `asked` says which of some keys were.

        When all were used it starts over; None only where the topic has no prompts at all.
        """
        of_topic = [prompt for prompt in self._prompts if topic is None or topic in prompt.tags]
        used = asked([prompt.key for prompt in of_topic])
        fresh = [prompt for prompt in of_topic if prompt.key not in used]
        pool = fresh or of_topic
        return chance.choice(pool) if pool else None
