"""Text search of the real server: what matches, in which language, and in which order."""

from typing import Any

import argilla as rg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.desks.argilla.records import ids_of, searched
from tests.integration.desks.argilla.server import WORKSPACE

pytestmark = pytest.mark.integration

TEXTS = {
    "once": "a newt lives in the pond behind the old mill and eats small worms at night",
    "often": "newt newt newt: the newt",
    "pond": "the pond is deep",
    "well": "a well-known mill",
    "chinese": "今天天气很好，我们去公园看猫。",
    "chinese2": "猫，猫，猫！公园里的猫。",
    "japanese": "私はカタカナとPython言語を勉強しています。",
    "thai": "ฉันรักแมวและภาษาไทย",
    "hindi": "हिन्दी भाषा बहुत सुन्दर है",
    "german": "Die Größe der Bäume",
    "vietnamese": "Tiếng Việt rất hay",
    "korean": "한국어는 재미있다",
    "emoji": "so happy 🎉 today",
}


@pytest.fixture(scope="module")
def dataset(client: rg.Argilla) -> rg.Dataset:
    settings = rg.Settings(
        fields=[rg.TextField(name="text"), rg.TextField(name="title", required=False)],
        questions=[rg.LabelQuestion(name="choice", labels=["A", "B"])],
        metadata=[rg.IntegerMetadataProperty(name="length")],
    )
    dataset = rg.Dataset(name="languages", workspace=WORKSPACE, settings=settings, client=client).create()
    title = {"pond": "mill"}
    records = [
        rg.Record(id=key, fields={"text": text, "title": title.get(key)}, metadata={"length": len(text)})
        for key, text in TEXTS.items()
    ]
    dataset.records.log(records)
    return dataset


def text(query: str, field: str | None = None) -> dict[str, Any]:
    return {"query": {"text": {"q": query} | ({"field": field} if field else {})}}


def found(client: rg.Argilla, dataset: rg.Dataset, query: str, field: str | None = None) -> set[str]:
    result = searched(client, dataset, text(query, field))
    assert len(result["items"]) == result["total"]
    return set(ids_of(result))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("newt pond", {"once"}),
        ("pond newt | deep", {"once", "pond"}),
        ("newt (worms | deep)", {"once"}),
        ("newt -(worms | deep)", {"often"}),
        ('"newt the"', {"often"}),
        ('"the newt"', {"often"}),
        ('"the old mi"', set()),
        ("nigh*", {"once"}),
        ("nigh", set()),
        ("well-known", {"well"}),
        ("grosse | größe", {"german"}),
        ("baume", {"german"}),
        ("tieng viet", {"vietnamese"}),
        ("한국*", {"korean"}),
        ("हिन्दी", {"hindi"}),
        ("हि*", {"hindi"}),
        ("ह", set()),
        ("天气", {"chinese"}),
        ("猫", {"chinese", "chinese2"}),
        ("公园看猫", {"chinese"}),
        ("猫 -天气", {"chinese2"}),
        ("猫 | カタカナ", {"chinese", "chinese2", "japanese"}),
        ("カナ", {"japanese"}),
        ("python言語", {"japanese"}),
        ('"言語を勉強"', {"japanese"}),
        ("แมว", {"thai"}),
        ("ภาษา*", {"thai"}),
        ("🎉", {"emoji"}),
        ("happy 🎉", {"emoji"}),
        ("公园 newt", set()),
    ],
)
def test_what_matches(client: rg.Argilla, dataset: rg.Dataset, query: str, expected: set[str]) -> None:
    assert found(client, dataset, query) == expected


@pytest.mark.parametrize("query", ["-newt", "-(newt | 猫)", "*", "-zebra"])
def test_a_query_of_exclusions_starts_from_every_record(
    client: rg.Argilla, dataset: rg.Dataset, query: str
) -> None:
    left_out = {"-newt": {"once", "often"}, "-(newt | 猫)": {"once", "often", "chinese", "chinese2"}}
    assert found(client, dataset, query) == set(TEXTS) - left_out.get(query, set())


def test_words_may_be_in_different_fields_unless_one_is_named(
    client: rg.Argilla, dataset: rg.Dataset
) -> None:
    assert found(client, dataset, "mill deep") == {"pond"}
    assert found(client, dataset, "mill", "title") == {"pond"}
    assert found(client, dataset, "mill", "text") == {"once", "well"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("newt", ["often", "once"]),
        ("猫", ["chinese2", "chinese"]),
        ("newt | deep", ["pond", "often", "once"]),
    ],
)
@pytest.mark.parametrize("mine", [False, True])
def test_the_best_match_comes_first_with_its_score(
    client: rg.Argilla, dataset: rg.Dataset, query: str, expected: list[str], mine: bool
) -> None:
    result = searched(client, dataset, text(query), mine=mine)
    scores = [item["query_score"] for item in result["items"]]
    assert sorted(ids_of(result)) == sorted(expected)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0
    assert ids_of(result).index(expected[-1]) == len(expected) - 1


def test_a_wanted_order_goes_before_the_score(client: rg.Argilla, dataset: rg.Dataset) -> None:
    order = {"scope": {"entity": "metadata", "metadata_property": "length"}, "order": "desc"}
    result = searched(client, dataset, text("newt") | {"sort": [order]})
    assert ids_of(result) == ["once", "often"]


def test_pages_of_one_search_do_not_overlap(client: rg.Argilla, dataset: rg.Dataset) -> None:
    for body in ({}, text("-newt"), text("newt | 猫 | the")):
        for mine in (False, True):
            whole = ids_of(searched(client, dataset, body, mine=mine))
            pages = [
                ids_of(searched(client, dataset, body, mine=mine, limit=2, offset=offset))
                for offset in range(0, 14, 2)
            ]
            assert [each for page in pages for each in page] == whole


ODD = [
    "",
    "\0",
    '"',
    "a" * 20_000,
    "(" * 5_000,
    "猫" * 5_000,
    "a | " * 3_000,
    "NEAR(a b)",
    "text:a",
    "^a",
    "a:b",
    "{a}",
    "'",
]


@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_an_odd_query_is_answered(client: rg.Argilla, dataset: rg.Dataset, query: str) -> None:
    searched(client, dataset, text(query))
    searched(client, dataset, text(query, "title"), mine=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='ab "|+-()*\\~1\0東京é🎉:^{}', max_size=30))
def test_any_query_is_answered(client: rg.Argilla, dataset: rg.Dataset, query: str) -> None:
    searched(client, dataset, text(query), limit=1)


def test_a_page_far_beyond_the_end_is_empty(client: rg.Argilla, dataset: rg.Dataset) -> None:
    assert searched(client, dataset, {}, offset=10**30)["items"] == []
