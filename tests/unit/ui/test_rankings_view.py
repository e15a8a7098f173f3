"""What the Data page says of a ranking; whatever was written in it runs nothing."""

from dataclasses import replace

import pytest

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.ranking_query import RankingSearch, folded
from feedback_app.services.arena.repeats import SelfAgreement, swapped
from feedback_app.services.dataset.curation import Consistency, Entry, EntryPage, InvalidTag, checked_tags
from feedback_app.services.shares import share
from feedback_app.store.search import Choices
from feedback_app.ui.data.rankings_forms import choices_html, form, groups_of
from feedback_app.ui.data.rankings_view import (
    consistency,
    deletion_question,
    detail,
    found_line,
    hit,
    item,
    ranking_summary,
    side,
)
from tests.unit.services.reward.live.examples import ALL_BAD, LONGER_WON, SHORTER_WON, TIE, opened

EVIL = "<script>alert(1)</script>"


def judged(ranking: Ranking | None = LONGER_WON, **changes: object) -> Comparison:
    status = ComparisonStatus.open if ranking is None else ComparisonStatus.ranked
    return replace(opened(**changes), ranking=ranking, status=status)


@pytest.mark.parametrize(
    ("ranking", "told"),
    [(LONGER_WON, "A > B"), (SHORTER_WON, "B > A"), (TIE, "tie"), (ALL_BAD, "all bad"), (None, "waiting")],
)
def test_a_verdict_is_told_in_a_few_signs(ranking: Ranking | None, told: str) -> None:
    assert ranking_summary(Entry(judged(ranking))) == told


def test_places_of_three_share_a_place_where_they_are_alike() -> None:
    three = judged(Ranking((("c3",), ("c1", "c2"))), texts=("one", "two", "three"))
    assert ranking_summary(Entry(three)) == "C > A = B"
    assert groups_of({"c1": 2, "c2": 2, "c3": 1}) == (("c3",), ("c1", "c2"))
    assert [side(three, i) for i in range(3)] == [
        "1. from the left",
        "2. from the left",
        "3. from the left",
    ]


def test_whatever_is_written_runs_nothing_and_loads_nothing() -> None:
    evil = judged(
        replace(
            LONGER_WON, note=EVIL, edit=f"{EVIL} ![x](http://evil/x.png)", aspects=(EVIL,), annotator=EVIL
        ),
        texts=(f"{EVIL}\n\n![x](http://evil/x.png)", '[x](javascript:alert(1)) "><img src=x>'),
    )
    turns = (
        Message("system", EVIL),
        Message("user", EVIL),
        Message("assistant", EVIL),
        Message("user", EVIL),
    )
    evil = replace(evil, messages=turns, tags=(EVIL, '"><b>'), source=EVIL, id='"><i>')
    entry = Entry(evil)
    html = item(entry, "alert") + detail(entry, Guess(evil.id, (0.5, 0.5), 1), evil)
    for never in ("<script", "<img", "<b>", "<i>", 'href="javascript'):
        assert never not in html
    assert "<script" not in "".join(choices_html(Choices([EVIL], [EVIL], [EVIL], [EVIL])).values())


def test_who_wrote_a_reply_and_what_was_guessed_is_not_told_before_the_verdict() -> None:
    blind = detail(Entry(judged(None)), None, None)
    assert "base" not in blind
    assert "place 1" not in blind
    told = detail(Entry(judged()), Guess("x", (0.73, 0.27), 5), None)
    assert "base" in told
    assert "place 1" in told
    assert "I guessed you would choose A (73 %)." in told


def test_what_was_taken_out_is_shown_with_its_verdict_and_a_way_back() -> None:
    out = Entry(replace(judged(None), status=ComparisonStatus.skipped), LONGER_WON)
    assert ranking_summary(out) == "excluded (A > B)"
    html = detail(out, None, None)
    assert "Include again" in html
    assert ">Exclude<" not in html


def test_a_pair_that_came_back_tells_of_the_other_time() -> None:
    first = judged()
    second = replace(swapped(first), ranking=LONGER_WON, status=ComparisonStatus.ranked)
    assert "the other way round" in detail(Entry(second), None, first)
    assert f"data?c={first.id}" in detail(Entry(second), None, first)
    assert "Repeated later: the opposite choice." in detail(Entry(first), None, second)


def test_the_words_that_were_found_are_shown_where_they_stand() -> None:
    one = judged(replace(LONGER_WON, note="x" * 100 + " a <b>DRY</b> remark"))
    assert "a &lt;b&gt;<mark>DRY</mark>&lt;/b&gt; remark</span>" in item(Entry(one), "dry")
    assert hit(one, one.ranking, "question") is None, "the prompt is shown anyway"
    assert hit(one, one.ranking, "nowhere") is None


def test_the_form_holds_what_was_said() -> None:
    given = replace(LONGER_WON, aspects=("warmer", "of my own"), note='a "note"', edit="\nmine")
    html = form(judged(given, tags=("tea", "best")))
    assert html.count(" checked") == 2
    assert 'value="of my own" checked' in html
    assert 'value="a &#34;note&#34;"' in html
    assert '<textarea name="edit" rows="3">\n\nmine</textarea>' in html
    assert 'value="tea, best"' in html
    assert html.count(" selected") == 2


def test_agreement_with_oneself_is_told_with_its_interval() -> None:
    told = consistency(Consistency(SelfAgreement(share(8, 10), 3), 14, 4))
    assert "8 of 10 times (<strong>80%</strong>, 95 % interval 49% to 94%)" in told
    assert "3 pairs not counted" in told
    assert "Show the 4 pairs where I changed my mind" in told
    assert "repeats a pair" in consistency(Consistency(SelfAgreement(share(0, 0), 0), 0, 0))
    assert "button" not in consistency(Consistency(SelfAgreement(share(1, 1), 0), 1, 0))


def test_deleting_says_what_goes_and_what_stays() -> None:
    assert "This will delete 1 comparison permanently" in deletion_question(1, 1)
    assert "2 more are the same pair" in deletion_question(3, 5)
    assert "Snapshots" in deletion_question(1, 1)
    assert "Copies in argilla are deleted" in deletion_question(1, 1, ("argilla",))
    assert "Copies" not in deletion_question(1, 1)
    assert "will delete about 20,000 comparisons" in deletion_question(20_000, 20_000, about=True)


def test_numbers_and_tags_are_put_plainly() -> None:
    assert found_line(EntryPage([], 2, None), RankingSearch()) == "2 comparisons"
    assert checked_tags(["  a  b ", "", "a b", "ж"]) == ("a b", "ж")


def test_a_search_says_how_sure_its_number_is_and_what_it_left_out() -> None:
    words = RankingSearch(words="x")
    assert found_line(EntryPage([], 1, None), words) == "1 ranking found"
    about = EntryPage([Entry(judged())], 20_000, "more", estimated=True, unindexed=7)
    assert found_line(about, words) == "About 20,000 rankings found; 7 comparisons not searched yet"
    assert "Show more" in found_line(EntryPage([], 0, "more"), words)


@pytest.mark.parametrize("tags", [["x" * 201], ["bell\a"], map(str, range(101))])
def test_a_tag_that_no_tag_may_be_is_refused(tags: list[str]) -> None:
    with pytest.raises(InvalidTag):
        checked_tags(tags)
    assert folded("STRASSE Ⅳ") == folded("straße iv")
