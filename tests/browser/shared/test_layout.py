"""Where things stand: every page measured on a phone, a tablet, a desk and a wide screen, light and dark.

Playwright calls an element hidden that has no height, so `to_be_hidden` cannot see an empty column that takes half the width:
here boxes are measured.
"""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from feedback_app.ui.shared.navigation import CHAT, GROUPS, Group, head_html
from tests.browser.filled import READY, fill
from tests.browser.measure import FAULTS, boxes
from tests.browser.site import Site

WIDTHS = (390, 768, 1280, 1920)
TOUCH = 32
"""Smallest width and height of what a finger presses, in CSS pixels."""
APART = {
    "/": ("#shell", ".page-head", "#arena"),
    "/chat": ("#shell", ".page-head", "#chat-side", "#threads", "#message"),
    "/rounds": ("#shell", ".page-head", "#queue-round", "#detail"),
    "/settings": ("#shell", ".page-head", "#languages", "#topics", "#chat-temperature", "#save-settings"),
}
"""Main parts that stand beside or below each other. Of every page, controls are looked at too."""


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    fill(site)
    return site


def opened(page: Page, path: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path)
    page.wait_for_selector(READY[path])
    page.wait_for_selector("#steps li")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", READY)
def test_everything_is_in_the_window_and_nothing_lies_on_anything(
    page: Page, filled: Site, path: str, scheme: str
) -> None:
    opened(page, path, scheme)
    found: dict[int, list[str]] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.evaluate(FAULTS, {"touch": TOUCH if width == 390 else 0, "scheme": scheme})
        parts = boxes(page, APART.get(path, ("#shell", ".page-head")))
        found[width] += [
            f"{a} lies on {b}" for a in parts for b in parts if a < b and parts[a].meets(parts[b])
        ]
    assert found == {width: [] for width in WIDTHS}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", READY)
def test_text_can_be_read_on_a_phone(page: Page, filled: Site, path: str, scheme: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened(page, path, scheme)
    axe = Axe().run(page, options={"runOnly": ["color-contrast"]}).response
    found = [node["html"][:120] for rule in axe["violations"] for node in rule["nodes"]]
    assert found == []


@pytest.mark.parametrize("talk", ["none", "open"])
def test_the_conversation_has_the_whole_width_when_nothing_stands_beside_it(
    page: Page, site: Site, talk: str
) -> None:
    if talk == "open" and not site.app.services.chat.list():
        fill(site)
    page.goto("/chat")
    expect(page.locator("#message textarea")).to_be_enabled()
    if talk == "none":
        page.locator("#new-chat").click()
    expect(page.locator("#about .about")).to_have_count(1 if talk == "open" else 0)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = boxes(page, ("#threads", "#transcript", "#message"))
        assert found["#transcript"].width == pytest.approx(found["#threads"].width, abs=2)
        assert found["#transcript"].width == pytest.approx(found["#message"].width, abs=2)
        assert found["#message"].y - found["#threads"].bottom < 40


def test_the_buttons_of_the_prompt_stand_on_one_line_with_its_choices(page: Page, filled: Site) -> None:
    opened(page, "/", "light")
    for width in (1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        found = boxes(page, ("#topic", "#draw", "#compare", "#prompt"))
        assert found["#draw"].y == found["#compare"].y
        assert abs(found["#draw"].y - found["#topic"].y) < 10
        assert found["#compare"].x + found["#compare"].width == pytest.approx(
            found["#prompt"].x + found["#prompt"].width, abs=2
        )


def test_both_conversations_share_the_width_at_a_desk(page: Page, filled: Site) -> None:
    page.goto("/chat")
    expect(page.locator("#message textarea")).to_be_enabled()
    left = filled.app.services.chat.list()[0]
    joined = filled.app.services.side_by_side.join(left.id, "dpo-1")
    page.goto(f"/chat?c={left.id}")
    expect(page.locator("#transcript-beside .message").first).to_be_visible()
    found = boxes(page, ("#threads", "#transcript", "#transcript-beside"))
    filled.app.services.side_by_side.keep(left.id, joined.left.id)
    halves = found["#transcript"].width, found["#transcript-beside"].width
    assert halves[0] == pytest.approx(halves[1], abs=2)
    assert sum(halves) == pytest.approx(found["#threads"].width, abs=40)


def test_twice_as_many_pages_fit_on_a_phone(page: Page, filled: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    opened(page, "/chat", "light")
    more = [Group(group.name, group.places * 2) for group in GROUPS]
    page.evaluate(
        "(html) => { document.querySelector('#shell-head').outerHTML = html; }",
        head_html(CHAT, more).removesuffix('<div id="steps"></div>'),
    )
    summaries = page.locator("#shell summary")
    expect(summaries).to_have_count(len(GROUPS))
    for i in range(len(GROUPS)):
        summaries.nth(i).click()
        menu = page.locator("#shell details[open] > ul")
        box = menu.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    tops = {round(summaries.nth(i).bounding_box()["y"]) for i in range(len(GROUPS))}  # type: ignore[index]
    assert len(tops) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
