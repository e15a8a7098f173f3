"""What is drawn from the prompt packs: the chosen topic, in the owner's languages, and what was skipped last of all."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import prompt_key
from feedback_app.services.arena.prompt_packs import Interests, PromptPacks
from tests.paths import PROJECT

REAL = PromptPacks(PROJECT / "datasets" / "prompts")
ALL = Interests(("en", "de", "la"))


def drawn(
    packs: PromptPacks, topic: str | None, interests: Interests, times: int = 400
) -> set[tuple[str, str]]:
    """(topic, language) of what comes when many are drawn."""
    chance = random.Random(0)
    found = [packs.draw(chance, topic, interests, lambda keys: ()) for _ in range(times)]
    return {(prompt.tags[0], prompt.language) for prompt in found if prompt is not None}


def test_by_default_nothing_is_drawn_that_is_not_english() -> None:
    assert {language for _, language in drawn(REAL, None, Interests())} == {"en"}


@pytest.mark.parametrize("topic", ["small_talk", "feelings", "opinions", "advice", "general_knowledge"])
def test_a_topic_gives_prompts_of_that_topic_in_the_languages_that_are_wanted(topic: str) -> None:
    assert drawn(REAL, topic, Interests()) == {(topic, "en")}
    assert drawn(REAL, topic, Interests(("de",))) == {(topic, "de")}
    assert drawn(REAL, topic, ALL) == {(topic, "en"), (topic, "de"), (topic, "la")}


def test_the_topic_latin_gives_questions_about_it_and_with_the_language_questions_in_it() -> None:
    assert drawn(REAL, "latin", Interests()) == {("latin", "en")}
    assert {language for _, language in drawn(REAL, "latin", ALL)} == {"en", "la"}


def test_without_a_topic_the_owners_topics_are_drawn() -> None:
    assert drawn(REAL, None, Interests(topics=("coding", "advice"))) == {("coding", "en"), ("advice", "en")}


def test_topics_without_a_prompt_in_the_languages_are_not_offered() -> None:
    assert REAL.topics(Interests(("la",))) == [
        *("advice", "feelings", "general_knowledge", "latin", "mathematics", "opinions", "small_talk"),
    ]
    assert REAL.topics() == REAL.topics(ALL)
    assert REAL.languages() == ["de", "en", "la"]


def test_where_no_prompt_suits_none_is_drawn() -> None:
    nothing = Interests(("fr",))
    assert REAL.draw(random.Random(0), None, nothing, lambda keys: ()) is None
    assert REAL.topics(nothing) == []


def packs(folder: Path, *rows: dict[str, object]) -> PromptPacks:
    folder.joinpath("own.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return PromptPacks(folder)


def own(folder: Path) -> PromptPacks:
    return packs(folder, *({"id": f"own-{i}", "prompt": f"Ask {i}?", "tags": ["own"]} for i in range(4)))


def test_a_pack_that_names_no_language_is_for_everybody_and_its_topic_is_the_pack(tmp_path: Path) -> None:
    assert drawn(own(tmp_path), "own", Interests(("fr",))) == {("own", "")}


def test_what_was_skipped_comes_back_only_when_nothing_else_is_left(tmp_path: Path) -> None:
    made = own(tmp_path)
    skipped = {made.draw(random.Random(1), None, ALL, lambda keys: ()).key}  # type: ignore[union-attr]

    def again(skipped: set[str], asked: Sequence[str] | set[str]) -> set[str]:
        chance = random.Random(0)
        found = [
            made.draw(chance, None, ALL, lambda keys: set(asked), lambda keys: skipped) for _ in range(60)
        ]
        return {prompt.key for prompt in found if prompt is not None}

    everything = again(set(), set())
    assert len(everything) == 4
    assert again(skipped, everything) == everything - skipped
    assert again(everything, everything) == everything


def test_a_comparison_suits_by_its_prompt_and_else_by_its_first_tag() -> None:
    latin = prompt_key([Message("user", "Salve! Quid agis hodie?")])
    assert not REAL.suits(latin, ("latin", "greeting"), None, Interests())
    assert REAL.suits(latin, ("latin", "greeting"), "small_talk", ALL)
    assert REAL.suits("unknown", ("talk", "small_talk"), "talk", Interests())
    assert not REAL.suits("unknown", ("talk", "small_talk"), "small_talk", Interests())
    assert REAL.suits("unknown", (), None, Interests())
    assert not REAL.suits("unknown", (), "talk", Interests())
