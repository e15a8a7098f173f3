"""What the live reward model says: after a vote in the arena, and on its page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from feedback_app.services.arena.repeats import swapped
from tests.browser.arena.test_arena_page import READY, ask, shown
from tests.browser.site import Site, serving
from tests.fakes import LongerIsBetter
from tests.waiting import until


@pytest.fixture(scope="module")
def site(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("home"), tiny_model, LongerIsBetter) as running:
        yield running


def learned(site: Site, votes: int) -> None:
    until(lambda: site.app.services.live_reward.state().votes == votes)


def test_the_page_begins_empty_and_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/reward")
    expect(page.locator("#live-summary")).to_contain_text("No guesses yet")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_after_a_vote_it_says_what_it_had_guessed_and_the_page_counts_it(page: Page, site: Site) -> None:
    ask(page, "Hello, who are you?")
    page.locator("#better-1").click()
    expect(page.locator("#decided")).to_contain_text("You ranked A > B")
    expect(page.locator("#decided")).not_to_contain_text("guess")
    first = shown(page, site)
    learned(site, 1)
    ask(page, "And where do you live?")
    second = shown(page, site)
    until(lambda: site.app.store.guesses.get(second.id))
    expect(page.locator("#decided")).not_to_contain_text("guess")
    page.locator("#better-2").click()
    expect(page.locator("#decided")).to_contain_text(r"%).")
    until(lambda: (kept := site.app.store.guesses.get(second.id)) and kept.correct is not None)
    assert site.app.store.guesses.get(first.id) is None
    page.goto("/reward")
    expect(page.locator("#live-state")).to_contain_text("Learned from 2 votes")


def test_a_pair_that_came_back_is_told_after_the_vote_only(page: Page, site: Site) -> None:
    ask(page, "What is your name?")
    page.locator("#better-1").click()
    page.wait_for_selector("#next")
    repeat = swapped(site.app.store.comparisons.get(shown(page, site).id))
    site.app.store.comparisons.add(repeat)
    page.goto(f"/?c={repeat.id}")
    page.wait_for_selector(READY)
    expect(page.locator("#decided")).not_to_contain_text("before")
    page.locator("#better-2").click()
    expect(page.locator("#decided")).to_contain_text("You have judged this pair before: the same way.")
