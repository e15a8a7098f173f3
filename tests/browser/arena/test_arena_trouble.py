"""The arena where no reply can be written: the engine does not answer, or the prompt is too long for the model."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import take
from tests.browser.site import Site

AWAY = "no answer from the model server at http://127.0.0.1:8000/v1 (ConnectError): start it, or correct CODELYNN_ENGINE_URL"


def compare(page: Page, text: str) -> None:
    page.locator("#prompt").fill(text)
    page.locator("#prompt").press("Enter")


def test_an_engine_that_is_away_is_told_and_the_page_goes_on_by_itself_once_it_is_back(
    page: Page, site: Site, pictures: Path
) -> None:
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    site.engine.broken = AWAY
    try:
        compare(page, "How was your day?")
        trouble = page.get_by_role("alert").filter(has_text="The model does not answer.")
        expect(trouble).to_contain_text("start it, or correct CODELYNN_ENGINE_URL")
        expect(trouble).to_contain_text("This page continues as soon as it answers.")
        expect(page.locator("#asked")).to_contain_text("How was your day?")
        take(page, pictures / "engine-away.png")
        page.locator("#try-again").click()
        expect(page.locator("#try-again")).to_be_visible()
        page.reload()
        expect(trouble).to_be_visible()
        before = site.app.store.comparisons.counts()["failed"]
    finally:
        site.engine.broken = ""
    page.wait_for_selector("#arena[data-state=open]")
    expect(page.locator("#asked")).to_contain_text("How was your day?")
    assert site.app.store.comparisons.counts()["failed"] == before


@pytest.mark.parametrize("width", [1280, 390])
def test_a_prompt_that_is_too_long_is_told_by_how_much_and_lies_in_the_box_to_be_shortened(
    page: Page, site: Site, pictures: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    long = "What is two plus two? " * 2000
    compare(page, long)
    trouble = page.get_by_role("alert").filter(has_text="The prompt is too long for the model.")
    expect(trouble).to_contain_text("tokens longer than the model can read")
    expect(page.locator("#prompt")).to_have_value(long)
    expect(page.locator("#prompt")).to_be_focused()
    expect(page.locator("#again")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    take(page, pictures / f"too-long-{width}.png", full=False)
    compare(page, "What is two plus two?")
    page.wait_for_selector("#arena[data-state=open]")
    expect(page.locator("#prompt")).to_have_value("")
