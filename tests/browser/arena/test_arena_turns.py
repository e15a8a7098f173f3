"""Conversations of several turns in the arena, and pairs that were skipped."""

from pathlib import Path

from playwright.sync_api import Page, expect

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from tests.browser.arena.test_arena_page import open_id
from tests.browser.arena.test_arena_votes import OPEN, groups, show, stored
from tests.browser.shots import take
from tests.browser.site import Site
from tests.waiting import until


def followed(page: Page, site: Site) -> Comparison:
    """A pair that was chosen from by B, and whose conversation goes on."""
    first = stored(site, "How was your weekend?", "Fine.", "It rained, so I read.")
    other = stored(site, "Something else?", "Other left", "Other right")
    show(page, first)
    page.wait_for_selector("#arena:not([data-ahead='0'])")
    page.keyboard.press("b")
    until(lambda: bool(groups(site, first)))
    page.get_by_role("button", name="Continue with B").click()
    return other


def test_going_on_with_a_reply_shows_its_conversation_and_no_other_pair(
    page: Page, site: Site, pictures: Path
) -> None:
    followed(page, site)
    expect(page.locator("#asked")).to_contain_text("It rained, so I read.")
    expect(page.locator("#cards .card")).to_have_count(0)
    expect(page.locator("#better-2")).to_be_hidden()
    expect(page.locator("#prompt")).to_be_focused()
    take(page, pictures / "arena-following.png", full=False)
    page.get_by_role("button", name="Ask something new instead").click()
    expect(page.locator("#cards .card")).to_have_count(2)
    expect(page.locator("#after")).to_be_hidden()


def test_earlier_turns_say_who_wrote_them_and_what_was_chosen(page: Page, site: Site) -> None:
    followed(page, site)
    page.keyboard.type("Which book?")
    page.keyboard.press("Enter")
    page.wait_for_selector(OPEN)
    expect(page.locator("#asked .turn.assistant")).to_contain_text("It rained, so I read.")
    expect(page.locator("#asked .wrote")).to_have_text(
        "B was your choice over A. Both replies are from the base model."
    )


def test_a_skipped_pair_does_not_come_back(page: Page, site: Site) -> None:
    for waiting in site.app.store.comparisons.waiting("arena", 50):
        site.app.store.comparisons.skip(waiting.id)
    made = stored(site, "Skip me?", "Left", "Right")
    show(page, made)
    page.keyboard.press("s")
    until(lambda: site.app.store.comparisons.get(made.id).status == ComparisonStatus.skipped)
    seen = set()
    for _ in range(4):
        page.wait_for_selector(OPEN)
        seen.add(shown := open_id(page))
        page.locator("#draw").click()
        page.wait_for_function("(id) => new URLSearchParams(location.search).get('c') !== id", arg=shown)
    page.goto("/")
    page.wait_for_selector(OPEN)
    assert made.id not in seen | {open_id(page)}
    assert groups(site, made) is None
