"""Chat and rounds by keyboard alone, at a desk and on a phone's width. The arena, the leaderboard and the rankings on the Data
page have their own."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.waiting import until

FAR = 80
"""More stops than any page has before what is looked for."""


def tab_to(page: Page, selector: str) -> None:
    """Go on with Tab until that has the focus."""
    for _ in range(FAR):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


@pytest.fixture(params=[1280, 390])
def sized(page: Page, request: pytest.FixtureRequest) -> Page:
    page.set_viewport_size({"width": request.param, "height": 800})
    return page


def test_a_message_is_sent_and_answered_anew(sized: Page, site: Site) -> None:
    sized.goto("/chat")
    expect(sized.locator("#message textarea")).to_be_enabled()
    if site.app.services.chat.list():
        expect(sized.locator("#about .about")).to_have_count(1)
        tab_to(sized, "#new-chat")
        sized.keyboard.press("Enter")
        expect(sized.locator("#about .about")).to_have_count(0)
    tab_to(sized, "#message textarea")
    sized.keyboard.type("Hello, how are you?")
    sized.keyboard.press("Enter")
    expect(sized.locator("#regenerate")).to_be_enabled()
    sized.wait_for_url("**/chat?c=*")
    opened = sized.url.split("c=")[1]
    first = site.app.store.conversations.get(opened).turns[1].created_at
    tab_to(sized, "#regenerate")
    sized.keyboard.press("Enter")
    until(
        lambda: (
            [t.created_at for t in site.app.store.conversations.get(opened).turns[1:]] not in ([], [first])
        )
    )
    expect(sized.locator("#regenerate")).to_be_enabled()


def test_a_round_is_asked_for_and_refused_in_words(sized: Page) -> None:
    sized.goto("/rounds")
    expect(sized.locator("#estimate")).not_to_be_empty()
    tab_to(sized, "#queue-round")
    sized.keyboard.press("Enter")
    expect(sized.get_by_role("alert")).to_contain_text("at least 8 preference pairs")
