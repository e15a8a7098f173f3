"""The leaderboard as its user sees it: scores, effects, matrix, whose rankings; at a desk and on a phone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from tests.browser.shots import take
from tests.browser.site import Site, serving

MODELS = ("base", "dpo-20261102-1", "dpo-20261109-2", "kto-20261114-1", "dpo-20261120-3")
VOTES = 600


@pytest.fixture(scope="module")
def site(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("home"), tiny_model) as running:
        running.app.store.comparisons.add_all(votes())
        yield running


def votes() -> list[Comparison]:
    """The owner's and, of every fourth, Anna's alone; later models are better and wordier. The last has few votes."""
    chance = np.random.default_rng(7)
    found = []
    for number in range(VOTES):
        last = 5 if number < 8 else 4
        pair = sorted(chance.choice(last, 2, replace=False), key=lambda _: chance.random())
        lengths = (np.exp(chance.normal(4, 0.5, 2)) * (1 + np.array(pair) / 8)).astype(int) + 1
        lead = 0.25 * (pair[0] - pair[1]) + 0.5 * np.log2(lengths[0] / lengths[1]) + 0.2
        first = ("c1", "c2") if chance.random() < 1 / (1 + np.exp(-lead)) else ("c2", "c1")
        groups = (("c1", "c2"),) if chance.random() < 0.1 else tuple((name,) for name in first)
        found.append(compared(number, pair, lengths, Ranking(groups)))
    return found


def compared(number: int, pair: Sequence[int], lengths: Sequence[int], ranking: Ranking) -> Comparison:
    candidates = tuple(
        Candidate(f"c{i}", i, MODELS[m], "x" * int(n), finish="stop")
        for i, (m, n) in enumerate(zip(pair, lengths, strict=True), start=1)
    )
    made = Comparison((Message("user", f"Question {number}"),), candidates, status=ComparisonStatus.ranked)
    if number % 4:
        return replace(made, ranking=ranking)
    return replace(made, status=ComparisonStatus.open, others=(replace(ranking, annotator="anna"),))


def test_it_shows_both_scores_effects_votes_and_who_won_against_whom(page: Page, pictures: Path) -> None:
    page.goto("/leaderboard")
    scores = page.get_by_role("region", name="Scores")
    expect(scores.get_by_role("rowheader")).to_have_count(5)
    row = scores.get_by_role("row").filter(has_text="kto-20261114-1")
    expect(row).to_contain_text("as voted")
    expect(row).to_contain_text("adjusted")
    expect(scores.get_by_role("row").filter(has_text="dpo-20261120-3")).to_contain_text("too few votes")
    expect(page.locator("#effects")).to_contain_text("A reply twice as long wins")
    expect(page.locator("#effects")).to_contain_text("600")
    matrix = page.get_by_role("region", name="Head to head")
    expect(matrix.get_by_role("columnheader")).to_have_count(5)
    expect(matrix.get_by_role("rowheader")).to_have_count(5)
    expect(matrix.get_by_role("cell", name="itself")).to_have_count(5)
    take(page, pictures / "leaderboard-matrix.png")


def test_only_mine_leaves_out_what_others_said(page: Page) -> None:
    page.goto("/leaderboard")
    expect(page.locator("#effects")).to_contain_text("600")
    page.locator("#whose").get_by_label("Only my votes", exact=True).check()
    expect(page.locator("#effects")).to_contain_text("450")
    expect(page.locator("#effects")).not_to_contain_text("600")


def test_on_a_phone_the_tables_scroll_inside_themselves(page: Page, pictures: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/leaderboard")
    expect(page.get_by_role("region", name="Head to head")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("Scores", "Head to head"):
        region = page.get_by_role("region", name=name)
        region.focus()
        page.keyboard.press("End")
        assert region.evaluate("one => one.scrollWidth > one.clientWidth && document.activeElement === one")
    take(page, pictures / "leaderboard-phone.png")


def test_whose_rankings_count_is_chosen_by_keyboard(page: Page) -> None:
    page.goto("/leaderboard")
    expect(page.locator("#effects")).to_contain_text("600")
    page.get_by_label("Everyone's votes").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("Only my votes")).to_be_checked()
    expect(page.locator("#effects")).to_contain_text("450")
