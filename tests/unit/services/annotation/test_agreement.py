"""Whether annotators agree, and how the Data page tells of it and of the desks."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.services.annotation.agreement import Agreement, opinions
from feedback_app.services.annotation.agreement import agreement as agreement_of
from feedback_app.services.annotation.desks import DeskStatus
from feedback_app.ui.data.view import agreement_html, desks_html
from tests.unit.workers.examples import ranked

FIRST, SECOND, TIE = (("c1",), ("c2",)), (("c2",), ("c1",)), (("c1", "c2"),)


def judged(prompt: str, **groups: tuple[tuple[str, ...], ...]) -> Comparison:
    others = tuple(Ranking(order, annotator=name) for name, order in groups.items())
    return replace(ranked(prompt), ranking=None, others=others)


def agreement(comparisons: list[Comparison]) -> Agreement:
    given = [[r for r in (each.ranking, *each.others) if r is not None] for each in comparisons]
    return agreement_of(given, Counter(ranking.annotator for each in given for ranking in each))


def test_full_agreement_is_one_and_full_disagreement_below_chance() -> None:
    same = [judged(str(i), anna=order, bert=order) for i, order in enumerate([FIRST, SECOND, TIE, FIRST])]
    assert agreement(same).alpha == pytest.approx(1.0)
    apart = [judged("1", anna=FIRST, bert=SECOND), judged("2", anna=SECOND, bert=FIRST)]
    found = agreement(apart).alpha
    assert found is not None
    assert found < 0


def test_alpha_is_krippendorffs() -> None:
    """Nominal alpha by hand: 4 units, 2 observers, 3 agree; 1 - 7 * 2 / 2 / (3 * 5) (Krippendorff 2011, section B)."""
    given = [(FIRST, FIRST), (FIRST, FIRST), (SECOND, SECOND), (FIRST, SECOND)]
    found = agreement([judged(str(i), anna=a, bert=b) for i, (a, b) in enumerate(given)])
    coincidences, first, second = 2, 5, 3
    assert found.alpha == pytest.approx(1 - 7 * coincidences / (2 * first * second))
    assert (found.comparisons, found.pairs, found.rankings) == (4, 4, {"anna": 4, "bert": 4})


def test_alpha_is_evalicas_for_any_number_of_annotators() -> None:
    """evalica 0.4.2, `alpha(units, distance="nominal")`, on the same rankings."""
    given = [
        {"anna": FIRST, "bert": FIRST, "cleo": SECOND},
        {"anna": TIE, "bert": TIE},
        {"bert": SECOND, "cleo": SECOND, "dora": SECOND, "anna": FIRST},
        {"anna": FIRST, "dora": FIRST},
        {"cleo": TIE, "dora": SECOND},
    ]
    found = agreement([judged(str(i), **said) for i, said in enumerate(given)])
    assert found.alpha == pytest.approx(19 / 55)


def test_everybody_saying_the_same_of_everything_is_agreement() -> None:
    assert agreement([judged(str(i), anna=FIRST, bert=FIRST) for i in range(3)]).alpha == 1.0


def test_one_annotator_all_bad_and_nothing_shared_give_no_alpha() -> None:
    alone = [ranked("1"), ranked("2")]
    bad = replace(ranked("3"), others=(Ranking(TIE, all_bad=True, annotator="anna"),))
    found = agreement([*alone, bad])
    assert (found.alpha, found.comparisons) == (None, 0)
    assert found.rankings == {"owner": 3, "anna": 1}


@given(st.permutations(["c1", "c2", "c3", "c4"]))
def test_a_ranking_has_an_opinion_of_every_pair(order: list[str]) -> None:
    found = opinions(Ranking(tuple((name,) for name in order)))
    assert len(found) == 6
    assert all((order.index(a) < order.index(b)) == (value == 1.0) for (a, b), value in found.items())


def test_the_page_tells_how_each_desk_does_without_trusting_its_words() -> None:
    told = desks_html(
        [
            DeskStatus("argilla", "catching up", 1234, 0, "", ()),
            DeskStatus("label-studio", "away", 2, 1, "<b>no</b> answer", ("k1, anna: not complete",)),
        ]
    )
    assert "<strong>syncing</strong> (1,234 waiting to sync)" in told
    assert "<strong>not reachable</strong> (2 waiting to sync), 1 refused" in told
    assert "&lt;b&gt;no&lt;/b&gt; answer" in told
    assert "<li>k1, anna: not complete</li>" in told
    assert "No annotation tool is connected" in desks_html([])


def test_the_page_tells_alpha_and_who_ranked() -> None:
    assert "One annotator so far" in agreement_html(Agreement(None, 0, 0, {"owner": 3}))
    assert "No comparison was ranked by two" in agreement_html(Agreement(None, 0, 0, {"owner": 3, "anna": 1}))
    told = agreement_html(Agreement(0.4567, 3, 9, {"owner": 3, "<anna>": 1}))
    assert "<strong>0.46</strong> over 9 pairs of replies in 3 comparisons" in told
    assert "&lt;anna&gt;" in told
