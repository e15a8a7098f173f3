"""Prompt packs: drawing a prompt of the owner's languages and of the chosen topic that was not asked before."""

import json
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import prompt_key

KeyFilter = Callable[[Sequence[str]], Collection[str]]
"""Tells which of some prompt keys have something in common, for example that they were asked."""


@dataclass(frozen=True, slots=True)
class Interests:
    """What the owner wants to be asked about. No topic means all of them, no language means all of them."""

    languages: tuple[str, ...] = ("en",)
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PackPrompt:
    """`topics` are its subject and its pack: a German greeting is small talk, and it is German. `language` is empty where the
    pack does not say."""

    id: str
    prompt: str
    tags: tuple[str, ...]
    key: str
    topics: tuple[str, ...]
    language: str

    def suits(self, topic: str | None, interests: Interests) -> bool:
        """Whether it may be drawn for the topic, or for any of the owner's topics where that is None."""
        if self.language and interests.languages and self.language not in interests.languages:
            return False
        wanted = (topic,) if topic else interests.topics
        return not wanted or not set(wanted).isdisjoint(self.topics)


class PromptPacks:
    """All prompts in `folder/*.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._prompts = [
            read_prompt(line)
            for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        self._by_key = {prompt.key: prompt for prompt in self._prompts}

    def __len__(self) -> int:
        return len(self._prompts)

    def topics(self, interests: Interests | None = None) -> list[str]:
        """The topics there are, or those with a prompt in the owner's languages."""
        languages = Interests(interests.languages if interests else ())
        return sorted({t for p in self._prompts if p.suits(None, languages) for t in p.topics})

    def languages(self) -> list[str]:
        """ISO 639 codes of the languages that the packs ask in."""
        return sorted({prompt.language for prompt in self._prompts if prompt.language})

    def subjects(self) -> list[str]:
        """What the prompts are about, whatever their language."""
        return sorted({prompt.topics[0] for prompt in self._prompts})

    def asks(self, interests: Interests) -> bool:
        """Whether there is a prompt in these languages about these topics; without any prompt, nothing is refused."""
        return not self._prompts or any(prompt.suits(None, interests) for prompt in self._prompts)

    def suits(self, key: str, tags: Sequence[str], topic: str | None, interests: Interests) -> bool:
        """Whether a comparison, by the key of its prompt and its tags, is one that could be drawn for the topic now. Of a prompt
        that is in no pack any more the language is not known."""
        if known := self._by_key.get(key):
            return known.suits(topic, interests)
        wanted = (topic,) if topic else interests.topics
        return not wanted or tuple(tags[:1]) in [(name,) for name in wanted]

    def draw(
        self,
        chance: random.Random,
        topic: str | None,
        interests: Interests,
        asked: KeyFilter,
        skipped: KeyFilter = lambda keys: (),
    ) -> PackPrompt | None:
        """A prompt of the topic (any of the owner's, if None) that was not asked; `asked` and `skipped` say which of some keys were.

        When all were asked it starts over, without those that were only ever skipped. None where no prompt suits.
        """
        suiting = [prompt for prompt in self._prompts if prompt.suits(topic, interests)]
        keys = [prompt.key for prompt in suiting]
        pool = _without(suiting, asked(keys)) or _without(suiting, skipped(keys)) or suiting
        return chance.choice(pool) if pool else None


def _without(prompts: Sequence[PackPrompt], keys: Collection[str]) -> list[PackPrompt]:
    return [prompt for prompt in prompts if prompt.key not in keys]


def read_prompt(line: str) -> PackPrompt:
    """A line of a pack. The topic, which is the pack where the line has none, becomes the first tag."""
    entry = json.loads(line)
    pack, *_ = tags = tuple(entry["tags"])
    topic = entry.get("topic") or pack
    key = prompt_key([Message("user", entry["prompt"])])
    return PackPrompt(
        id=entry["id"],
        prompt=entry["prompt"],
        tags=tuple(dict.fromkeys((topic, *tags))),
        key=key,
        topics=tuple(dict.fromkeys((topic, pack))),
        language=entry.get("language", ""),
    )
