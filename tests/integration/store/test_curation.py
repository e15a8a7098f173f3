"""Rankings are found again, taken out, brought back, tagged and deleted for good."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feedback_app.domain.comparison import ComparisonStatus, Message, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.store import ComparisonNotFound, Store, open_store
from tests.integration.store.examples import FIRST_BEST, NOON, minutes, shown

SECOND_BEST = Ranking((("c2",), ("c1",)))
TIE = Ranking((("c1", "c2"),))
ALL_BAD = Ranking((("c1", "c2"),), all_bad=True)


def put(store: Store, prompt: str, ranking: Ranking | None = None, minute: int = 0, **changes: Any) -> str:
    """The id of a comparison, ranked where there is a verdict."""
    made = replace(shown(prompt), created_at=NOON + minutes(minute), **changes)
    store.comparisons.add(made)
    if ranking is not None:
        store.comparisons.rank(made.id, ranking, ())
    return made.id


def found(store: Store, **wanted: Any) -> list[str]:
    return list(store.search.ids(RankingSearch(**wanted), None))


@pytest.mark.parametrize(
    ("words", "where"),
    [("ЧАЙ", "prompt"), ("LANDSLAUG", "reply"), ("straSSe", "note"), ("café", "rewrite"), ("nowhere", "")],
)
def test_words_are_found_in_any_case_and_script_wherever_they_stand(
    store: Store, words: str, where: str
) -> None:
    replies = tuple(replace(c, text="Landslaug ☂") for c in shown().candidates)
    ids = {
        "prompt": put(store, "Который чай лучше?"),
        "reply": put(store, "b", candidates=replies),
        "note": put(store, "c", replace(FIRST_BEST, note="die Straße\x01")),
        "rewrite": put(store, "d", replace(FIRST_BEST, edit="Cafe\u0301!")),
    }
    put(store, "e", messages=(Message("system", "чай straße"), Message("user", "e")))
    assert found(store, words=words) == ([ids[where]] if where else [])


def test_each_kind_of_verdict_is_told_apart(store: Store) -> None:
    ids = {
        "ranked": put(store, "1", FIRST_BEST),
        "tie": put(store, "2", TIE),
        "all bad": put(store, "3", ALL_BAD),
        "skipped": put(store, "4"),
        "taken out": put(store, "5", FIRST_BEST),
        "waiting": put(store, "6"),
    }
    store.comparisons.skip(ids["skipped"])
    store.curation.take_out([ids["taken out"]], ())
    assert {kind: found(store, verdict=kind) for kind in ids} == {kind: [name] for kind, name in ids.items()}


def test_what_it_is_filtered_by_holds_together(store: Store) -> None:
    mine = put(store, "1", replace(FIRST_BEST, aspects=("warmer",)), tags=("tea", "best"))
    desk = put(store, "2", replace(FIRST_BEST, source="argilla"), tags=("tea",), selection="active")
    put(store, "3", source="import:trl", tags=("work",))
    assert found(store, tag="tea", aspect="warmer") == [mine]
    assert found(store, source="argilla") == [desk]
    assert found(store, chosen="active") == [desk]
    assert set(found(store, version="v1")) == {mine, desk}, "who wrote a reply is not told before the verdict"
    choices = store.search.choices()
    assert (choices.tags, choices.aspects) == (["best", "tea", "work"], ["warmer"])
    assert (choices.sources, choices.versions) == (["arena", "argilla", "import:trl"], ["base", "v1"])


def test_pages_are_newest_first_and_complete_while_more_comes(store: Store) -> None:
    ids = [put(store, f"tea {i}", minute=i) for i in range(5)]
    page = store.search.page(RankingSearch(words="TEA"), None, None, 2)
    assert ([c.id for c in page.items], page.total) == ([ids[4], ids[3]], 5)
    put(store, "tea again", minute=9)
    rest = store.search.page(RankingSearch(words="tea"), set(ids), page.next_cursor, 9)
    assert ([c.id for c in rest.items], rest.total, rest.next_cursor) == (ids[2::-1], 5, None)


def test_a_verdict_that_was_taken_out_counts_nowhere_and_comes_back_as_it_was(store: Store) -> None:
    verdict = replace(
        FIRST_BEST, note="warm", edit="Rain.", aspects=("warmer",), seconds=2.5, created_at=NOON
    )
    key, waiting = put(store, "1", verdict), put(store, "2")
    assert store.curation.take_out([key, waiting, "unknown"], ("desk",)) == [key]
    out = store.comparisons.get(key)
    assert (out.status, out.ranking) == (ComparisonStatus.skipped, None)
    assert store.comparisons.counts()["pairs"] == 0
    assert store.outbox.counts("desk")["pending"] == 1
    assert store.curation.withdrawn([key, waiting]) == {key: verdict}
    assert store.curation.bring_back([key, waiting], ("desk",)) == [key]
    back = store.comparisons.get(key)
    assert (back.status, back.ranking) == (ComparisonStatus.ranked, verdict)
    assert store.comparisons.counts()["pairs"] == 3
    assert store.curation.withdrawn([key]) == {}


def test_what_was_ranked_anew_is_not_overwritten_by_the_old_verdict(store: Store) -> None:
    key = put(store, "1", FIRST_BEST)
    store.curation.take_out([key], ())
    store.comparisons.rank(key, SECOND_BEST, ())
    assert store.curation.bring_back([key], ()) == []
    ranking = store.comparisons.get(key).ranking
    assert ranking is not None
    assert ranking.groups == SECOND_BEST.groups


def test_many_are_taken_out_and_deleted_at_once(store: Store) -> None:
    made = [replace(shown(f"{i}"), ranking=FIRST_BEST) for i in range(1201)]
    store.comparisons.add_all(made)
    while store.search_index.step():
        pass
    ids = found(store, verdict="ranked")
    assert len(store.curation.take_out(ids, ())) == 1201
    assert len(store.curation.delete(ids, ())) == 1201
    assert found(store) == []


def test_deleted_for_good_is_gone_with_all_that_was_said_and_with_the_same_pair(store: Store) -> None:
    first, other = put(store, "1"), put(store, "2", FIRST_BEST)
    store.guesses.put(Guess(first, (0.5, 0.5), 3))
    store.comparisons.rank(first, FIRST_BEST, ("desk",))
    store.annotations.put(store.comparisons.get(first), replace(TIE, annotator="anna"))
    again = put(store, "1", SECOND_BEST, repeat_of=first)
    assert set(store.curation.same_pairs([again])) == {first, again}
    assert set(store.curation.delete([again, "unknown"], ())) == {first, again}
    for name in (first, again):
        with pytest.raises(ComparisonNotFound):
            store.comparisons.get(name)
    assert store.guesses.get(first) is None
    assert store.outbox.counts("desk") == {"pending": 0, "refused": 0}
    assert [c.id for c in store.comparisons.with_rankings()] == [other]


def test_deleted_text_is_not_left_in_the_file(migrated_sqlite: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(migrated_sqlite, tmp_path / "one.db"))
    store = open_store(f"sqlite:///{file}")
    key = put(store, "a secret of mine", FIRST_BEST)
    store.curation.delete([key], ())
    store.close()
    assert b"secret of mine" not in file.read_bytes()


def test_tags_are_replaced(store: Store) -> None:
    key = put(store, "1", tags=("tea",))
    store.curation.tag(key, ("café", "работа"))
    assert store.comparisons.get(key).tags == ("café", "работа")
    with pytest.raises(ComparisonNotFound):
        store.curation.tag("unknown", ())


def test_none_is_found_by_what_nobody_knows(store: Store) -> None:
    put(store, "1", FIRST_BEST)
    assert found(store, id="unknown") == []
    assert list(store.search.ids(RankingSearch(), frozenset())) == []
