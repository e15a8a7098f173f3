"""The data in datasets/ keeps its schema, repeats nothing, and does not shadow Hugging Face's library."""

import importlib
import json
import re
import sys
from importlib.machinery import PathFinder
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.paths import PROJECT

Row = dict[str, Any]

DATA = PROJECT / "datasets"
PACKS = (
    "small_talk",
    "feelings",
    "opinions",
    "advice",
    "general_knowledge",
    "coding",
    "mathematics",
    "german",
    "latin",
)
DOMAINS = ("general_knowledge", "code", "mathematics", "german", "latin")
LANGUAGES = {"german": {"de", "en"}, "latin": {"la", "en"}}
TAG = re.compile(r"[a-z]+(_[a-z]+)*")
QUOTED = re.compile(r'"[^"]*"|„[^“]*“')
COMMON = {
    "en": "the a is what how i my to of and it do does why can you that at they your who which me are for off in was",
    "de": "ich ist das der die und nicht ein eine wie mir bitte zu mit es auf den heute in was",
    "la": "est sum et non quid quis mihi tibi meus hodie ubi in quod ego quae",
}
"""A few of the most frequent words of each language."""


def read_rows(path: Path) -> list[Row]:
    """Return the objects of a JSONL file, one per line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_pack(pack: str) -> list[Row]:
    return read_rows(DATA / "prompts" / f"{pack}.jsonl")


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def normalised(text: str) -> str:
    """Return the text without case, punctuation and spacing; operators stay, since they tell formulas apart."""
    return " ".join(re.findall(r"\w+|[-+*/=^<>]", text.casefold()))


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the Jaccard index of two sets of words, 0 to 1."""
    return len(first & second) / max(1, len(first | second))


ALL_PACKS = [row for pack in PACKS for row in read_pack(pack)]
HELDOUT = read_rows(DATA / "gate" / "heldout_prompts.jsonl")
PERPLEXITY = read_rows(DATA / "gate" / "perplexity.jsonl")
PERSONAS = sorted((DATA / "personas").iterdir())


def test_the_folder_holds_exactly_the_listed_packs() -> None:
    assert {path.name for path in (DATA / "prompts").iterdir()} == {f"{pack}.jsonl" for pack in PACKS}


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_has_at_least_36_complete_prompts(pack: str) -> None:
    rows = read_pack(pack)
    assert len(rows) >= 36
    for row in rows:
        assert set(row) == {"id", "prompt", "topic", "tags", "language"}
        assert row["prompt"] == row["prompt"].strip() != ""


@pytest.mark.parametrize("pack", PACKS)
def test_ids_of_a_pack_count_up_from_its_name(pack: str) -> None:
    rows = read_pack(pack)
    assert [row["id"] for row in rows] == [f"{pack}-{n:03d}" for n in range(1, len(rows) + 1)]


@pytest.mark.parametrize("pack", PACKS)
def test_first_tag_is_the_pack_and_finer_tags_follow(pack: str) -> None:
    for row in read_pack(pack):
        first, *finer = row["tags"]
        assert first == pack
        assert finer
        assert len(set(row["tags"])) == len(row["tags"])
        assert all(TAG.fullmatch(tag) for tag in row["tags"])


@pytest.mark.parametrize("pack", PACKS)
def test_a_prompts_topic_is_its_subject_whatever_its_language(pack: str) -> None:
    """German and Latin small talk is small talk; in other packs the topic is the pack."""
    for row in read_pack(pack):
        assert row["topic"] in PACKS
        subjects = [tag for tag in row["tags"] if tag in PACKS]
        assert row["topic"] == subjects[-1] or (pack in LANGUAGES and row["topic"] in ("small_talk", pack))
        if pack not in LANGUAGES:
            assert row["topic"] == pack


@pytest.mark.parametrize("pack", PACKS)
def test_no_prompt_has_more_of_another_languages_words_than_of_its_own(pack: str) -> None:
    for row in read_pack(pack):
        found = words(QUOTED.sub(" ", row["prompt"]))
        counts = {language: len(found & words(common)) for language, common in COMMON.items()}
        assert counts[row["language"]] == max(counts.values()), (row["id"], counts)


@pytest.mark.parametrize("pack", PACKS)
def test_language_codes_fit_the_pack(pack: str) -> None:
    assert {row["language"] for row in read_pack(pack)} == LANGUAGES.get(pack, {"en"})


def test_ids_are_unique_across_all_files() -> None:
    ids = [row["id"] for row in (*ALL_PACKS, *HELDOUT, *PERPLEXITY)]
    assert len(set(ids)) == len(ids)


def test_gate_prompts_are_complete_and_spread_over_all_packs() -> None:
    assert len(HELDOUT) == 48
    assert all(set(row) == {"id", "prompt", "tags"} and row["prompt"].strip() for row in HELDOUT)
    first_tags = [row["tags"][0] for row in HELDOUT]
    assert all(first_tags.count(pack) >= 5 for pack in PACKS)
    assert set(first_tags) == set(PACKS)


def test_no_prompt_occurs_twice_in_packs_and_gate_together() -> None:
    texts = [normalised(row["prompt"]) for row in (*ALL_PACKS, *HELDOUT)]
    assert len(set(texts)) == len(texts)


def test_no_two_prompts_are_near_duplicates() -> None:
    """Packs and gate together, so that the gate never asks what was trained on in other words."""
    sets = [(row["id"], words(row["prompt"])) for row in (*ALL_PACKS, *HELDOUT)]
    near = [(a, b) for (a, x), (b, y) in combinations(sets, 2) if similarity(x, y) >= 0.7]
    assert near == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_perplexity_texts_have_the_length_that_the_readme_promises(domain: str) -> None:
    texts = [row["text"] for row in PERPLEXITY if row["domain"] == domain]
    assert len(texts) >= 12
    for text in texts:
        size = len(text.splitlines()) if domain == "code" else len(text.split())
        low, high = (10, 20) if domain == "code" else (60, 120)
        assert low <= size <= high, text[:40]


def test_perplexity_texts_are_complete_and_distinct() -> None:
    assert all(set(row) == {"id", "domain", "text"} for row in PERPLEXITY)
    assert {row["domain"] for row in PERPLEXITY} == set(DOMAINS)
    assert len({normalised(row["text"]) for row in PERPLEXITY}) == len(PERPLEXITY)


def test_both_personas_are_there() -> None:
    assert {path.name for path in PERSONAS} >= {"lynn.json", "magister.json"}


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.stem)
def test_a_persona_is_complete_and_its_system_prompt_short(path: Path) -> None:
    persona = json.loads(path.read_text(encoding="utf-8"))
    assert set(persona) == {"id", "name", "description", "system_prompt", "greeting"}
    assert all(isinstance(value, str) and value.strip() for value in persona.values())
    assert persona["id"] == path.stem
    assert len(persona["system_prompt"].split()) < 40


def test_the_readme_names_every_pack_and_schema_field() -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    fields = {field for row in (*ALL_PACKS, *HELDOUT, *PERPLEXITY) for field in row}
    assert [name for name in (*PACKS, *DOMAINS, *sorted(fields)) if f"`{name}`" not in readme] == []


def test_there_is_no_python_in_the_data_folder() -> None:
    assert [path for path in DATA.rglob("*") if path.suffix in {".py", ".pyc", ".pyi"}] == []


def test_importing_datasets_finds_hugging_face_library() -> None:
    library = importlib.import_module("datasets")
    assert callable(library.load_dataset)


def test_the_library_is_found_even_where_the_repository_comes_first_on_the_path() -> None:
    spec = PathFinder.find_spec("datasets", [str(DATA.parent), *sys.path])
    assert spec is not None
    assert spec.origin is not None
    assert not Path(spec.origin).is_relative_to(DATA)
