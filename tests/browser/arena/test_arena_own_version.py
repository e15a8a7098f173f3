"""The owner's own version of a reply: room to write, a Save of its own, and nothing lost."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.arena.test_arena_page import open_id
from tests.browser.arena.test_arena_votes import OPEN, WIDTHS, groups, manual, show, stored
from tests.browser.shots import take
from tests.browser.site import Site
from tests.waiting import until

SAVED = "Saved. The next round can learn from your version."


def edit_of(site: Site, comparison_id: str) -> str | None:
    ranking = site.app.store.comparisons.get(comparison_id).ranking
    return ranking and ranking.edit


@WIDTHS
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_field_has_room_and_grows(
    page: Page, site: Site, width: int, scheme: str, tmp_path: Path
) -> None:
    made = stored(site, f"Room {width} {scheme}?", "Left", "Right")
    show(page, made, width)
    page.goto(f"/?c={made.id}&__theme={scheme}")
    page.wait_for_selector(OPEN)
    page.locator("#rewrite").click()
    field = page.locator("#edit")
    expect(field).to_be_focused()
    lines = "(field) => field.clientHeight / parseFloat(getComputedStyle(field).lineHeight)"
    assert field.evaluate(lines) >= 8
    page.keyboard.insert_text("One more line\n" * 14)
    assert field.evaluate(lines) >= 12
    expect(page.locator("#save-own")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    take(page, tmp_path / "own.png", full=False)


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter", ""])
def test_it_is_saved_by_its_button_and_by_key_and_counts_as_the_winner(
    page: Page, site: Site, keys: str
) -> None:
    made = stored(site, f"Save by {keys}?", "Left", "Right")
    show(page, made)
    page.keyboard.press("e")
    page.keyboard.type("A better answer, by me.")
    if keys:
        page.keyboard.press(keys)
    else:
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#decided")).to_contain_text(SAVED)
    until(lambda: edit_of(site, made.id) == "A better answer, by me.")
    assert groups(site, made) == (("c1", "c2"),)
    assert open_id(page) != made.id


def test_escape_closes_it_without_loss_and_the_vote_takes_it_along(page: Page, site: Site) -> None:
    made = stored(site, "Escape?", "Left", "Right")
    show(page, made)
    page.keyboard.press("e")
    page.keyboard.type("Half a thought")
    page.keyboard.press("Escape")
    expect(page.locator("#own")).to_be_hidden()
    expect(page.locator("#own-kept")).to_contain_text("not saved yet")
    assert groups(site, made) is None
    page.reload()
    page.wait_for_selector(OPEN)
    expect(page.locator("#own-kept")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator("#edit")).to_have_value("Half a thought")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#decided")).to_contain_text(
        "You ranked A > B. The next round can learn from your version."
    )
    assert edit_of(site, made.id) == "Half a thought"


def test_it_can_be_discarded(page: Page, site: Site) -> None:
    made = stored(site, "Discard?", "Left", "Right")
    show(page, made)
    page.keyboard.press("e")
    page.keyboard.type("No, not this")
    page.locator("#close-own").click()
    page.locator("#drop-own").click()
    expect(page.locator("#own-kept")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("a")
    until(lambda: bool(groups(site, made)))
    assert edit_of(site, made.id) is None


def test_undo_brings_the_text_back_to_go_on_with(page: Page, site: Site) -> None:
    made = stored(site, "Undo?", "Left", "Right")
    show(page, made)
    page.keyboard.press("e")
    page.keyboard.type("My words")
    page.keyboard.press("Control+Enter")
    until(lambda: edit_of(site, made.id) == "My words")
    page.keyboard.press("u")
    until(lambda: groups(site, made) is None)
    assert open_id(page) == made.id
    page.keyboard.press("e")
    expect(page.locator("#edit")).to_have_value("My words")


def test_a_vote_that_was_given_keeps_its_tags_when_a_version_is_added(page: Page, site: Site) -> None:
    made = stored(site, "Later?", "Left", "Right")
    show(page, made)
    manual(page)
    page.locator("#details summary").click()
    page.get_by_label("warmer").check()
    page.locator("h1").click()
    page.keyboard.press("b")
    page.wait_for_selector("#arena[data-state=ranked]")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    page.wait_for_selector("#arena[data-state=ranked]")
    page.keyboard.press("e")
    page.keyboard.type("Even better")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#decided")).to_contain_text(SAVED)
    ranking = site.app.store.comparisons.get(made.id).ranking
    assert ranking is not None
    assert (ranking.groups, ranking.aspects, ranking.edit) == ((("c2",), ("c1",)), ("warmer",), "Even better")


def test_it_can_start_from_a_reply(page: Page, site: Site) -> None:
    show(page, stored(site, "Start?", "Left & <b>raw</b>", "Right"))
    page.keyboard.press("e")
    page.get_by_role("button", name="Start from reply A").click()
    expect(page.locator("#edit")).to_have_value("Left & <b>raw</b>")


def test_an_empty_version_is_not_saved(page: Page, site: Site) -> None:
    made = stored(site, "Empty?", "Left", "Right")
    show(page, made)
    page.keyboard.press("e")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Your version is empty")
    assert groups(site, made) is None
