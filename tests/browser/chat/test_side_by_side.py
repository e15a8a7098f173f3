"""Two versions beside each other in the chat, as a person compares them."""

from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.round import Checkpoint
from feedback_app.services.chat.side_by_side import Pair
from tests.browser.chat.test_chat_page import fresh, say
from tests.browser.choices import choose, version_option
from tests.browser.shots import take
from tests.browser.site import Site
from tests.waiting import until

LEFT, RIGHT = "#transcript", "#transcript-beside"


@pytest.fixture
def second(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another version: the base's own weights under another name."""
    name = "dpo-second"
    if name not in site.app.services.models.versions():
        folder = tmp_path_factory.mktemp("second")
        base = site.app.services.models.files("base").ct2_dir
        assert base is not None
        (folder / "ct2").symlink_to(base)
        site.app.store.checkpoints.add(Checkpoint(name, str(folder), passed=True))
    return name


def beside(page: Page, site: Site, version: str) -> None:
    choose(page, "#beside", version_option(site, version))
    expect(page.locator("#best-of input").first).to_be_disabled()


def opened(page: Page, site: Site) -> Pair:
    page.wait_for_url("**/chat?c=*")
    return site.app.services.side_by_side.pair(page.url.split("c=")[1])


def answered(page: Page, site: Site, turns: int = 2) -> Pair:
    """Waits for both replies, then for the buttons that come back with them."""
    until(lambda: [len(one.turns) for one in opened(page, site).both] == [turns, turns], 60)
    until(lambda: not site.app.services.side_by_side.writing(opened(page, site)), 60)
    expect(page.locator("#regenerate")).to_be_enabled()
    return opened(page, site)


def written(page: Page, site: Site) -> set[datetime]:
    """When each reply was."""
    return {turn.created_at for one in opened(page, site).both for turn in one.turns[1:]}


def test_two_versions_answer_are_judged_and_one_goes_on_alone(
    page: Page, site: Site, second: str, tmp_path: Path
) -> None:
    fresh(page, site)
    expect(page.locator(RIGHT)).to_be_hidden()
    beside(page, site, second)
    with site.engine.held():
        say(page, "How was your day?")
        for side in (LEFT, RIGHT):
            expect(page.locator(side)).to_contain_text("How was your day?")
        expect(page.locator("#stop")).to_be_enabled()
        expect(page.locator("#keep-left")).to_be_disabled()
    pair = answered(page, site)
    assert [one.model for one in pair.both] == ["base", second]
    expect(page.locator("#conversations")).to_contain_text("A | B · How was your day?")
    expect(page.locator("#conversations label")).to_have_count(len(site.app.services.chat.list()))

    page.locator(RIGHT).get_by_role("button", name="like", exact=False).last.click()
    until(lambda: opened(page, site).right.turns[1].rating is not None)
    assert opened(page, site).left.turns[1].rating is None

    expect(page.locator("#which")).to_contain_text("Which is better?")
    page.get_by_role("button", name="Version 1 is better").click()
    expect(page.locator("#which")).to_contain_text("You said: version 1 is better.")
    (ranked,) = [c for c in site.app.store.comparisons.with_rankings() if c.source == "chat"]
    assert ranked.ranking is not None
    assert (ranked.ranking.groups, ranked.selection) == ((("c2",), ("c1",)), "named")
    take(page, tmp_path / "beside.png")

    page.reload()
    expect(page.locator("#which")).to_contain_text("You said: version 1 is better.")
    for side in (LEFT, RIGHT):
        expect(page.locator(side)).to_contain_text("How was your day?")
    say(page, "And tomorrow?")
    answered(page, site, 4)
    expect(page.locator("#which")).to_contain_text("continues from its own reply")
    expect(page.locator("#better-left")).to_be_disabled()

    page.get_by_role("button", name="Keep this one: version 1").click()
    expect(page.locator("#line")).to_contain_text("Version 1 continues alone")
    expect(page.locator(RIGHT)).to_be_hidden()
    expect(page.locator("#version")).to_have_text("version 1")
    page.wait_for_url(f"**/chat?c={pair.right.id}")
    expect(page.locator("#conversations")).to_contain_text("How was your day? · base model")


def test_stop_and_regenerate_are_for_both_and_an_edit_is_for_one(page: Page, site: Site, second: str) -> None:
    fresh(page, site)
    beside(page, site, second)
    with site.engine.held():
        say(page, "Tell me a joke.")
        page.locator("#stop:not([disabled])").click()
    page.wait_for_selector("#regenerate:not([disabled])")
    assert not site.app.services.side_by_side.writing(opened(page, site))
    for _ in range(2):
        before = written(page, site)
        page.locator("#regenerate:not([disabled])").click()
        until(lambda before=before: len(written(page, site) - before) == 2, 60)
        answered(page, site)

    page.locator(RIGHT).get_by_role("button", name="edit").last.click()
    page.locator(f"{RIGHT} textarea").fill("Knock knock.")
    page.locator(RIGHT).get_by_role("button", name="submit").last.click()
    expect(page.locator("#line")).to_contain_text("learn from your version")
    pair = opened(page, site)
    assert pair.right.turns[1].content == "Knock knock."
    assert pair.left.turns[1].original is None

    page.locator("#manage button").first.click()
    page.locator("#delete").click()
    expect(page.locator("#delete-confirm")).to_contain_text("the replies of both versions")
    page.locator("#delete-yes").click()
    until(lambda: not {one.id for one in pair.both} & {one.id for one in site.app.services.chat.list()})


def test_on_a_phone_they_stand_below_each_other_and_every_button_has_a_name(
    page: Page, site: Site, second: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    fresh(page, site)
    beside(page, site, second)
    say(page, "I am sad.")
    answered(page, site)
    left, right = (page.locator(side).bounding_box() for side in (LEFT, RIGHT))
    assert left is not None
    assert right is not None
    assert right["y"] >= left["y"] + left["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    unnamed = "[...document.querySelectorAll('#threads button, #which button')].filter((e) => e.offsetParent && !(e.ariaLabel || e.innerText || e.title)).length"
    assert page.evaluate(unnamed) == 0
    page.locator("#better-tie").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#which")).to_contain_text("You said: a tie.")
    take(page, tmp_path / "phone.png")


def test_an_engine_that_is_away_is_told_of_with_the_way_on(page: Page, site: Site, second: str) -> None:
    fresh(page, site)
    beside(page, site, second)
    site.engine.broken = "no answer from the model server: start it"
    try:
        say(page, "Are you there?")
        expect(page.locator("#line")).to_contain_text(
            "No answer from the model server: start it. Your message is kept"
        )
        expect(page.locator("#line")).to_contain_text("Version 1: No answer")
    finally:
        site.engine.broken = ""
    page.locator("#regenerate:not([disabled])").click()
    answered(page, site)
    fresh(page, site)
    say(page, "What is two plus two? " * 2000)
    expect(page.locator("#line")).to_contain_text("longer than the model can read")
    expect(page.locator("#line")).to_contain_text("Send a shorter message")
    say(page, "What is two plus two?")
    page.wait_for_selector("#regenerate:not([disabled])")
    until(lambda: site.app.services.chat.get(page.url.split("c=")[1]).turns[-1].role == "assistant")
