"""Settings and the question of the first visit, as their user sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.comparison import Message
from feedback_app.domain.preferences import ReplyStyle
from feedback_app.services.system.preferences import Changes
from tests.browser.choices import choose
from tests.browser.site import Site, serving
from tests.waiting import until


@pytest.fixture(scope="module")
def site(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service whose replies the environment leaves to the owner."""
    with serving(tmp_path_factory.mktemp("home"), tiny_model, fixed=False) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_chosen(site: Site) -> None:
    site.app.services.preferences.reset()


def shown(page: Page) -> None:
    page.goto("/settings")
    expect(page.locator("#languages").get_by_label("English")).to_be_checked()


def test_what_is_saved_holds_at_once_and_after_a_reload(page: Page, site: Site) -> None:
    shown(page)
    page.locator("#languages").get_by_label("Deutsch").check()
    page.locator("#topics").get_by_label("coding").check()
    page.locator("#chat-temperature input").fill("0.3")
    page.locator("#arena-max-new-tokens input").fill("12")
    page.locator("#notify").get_by_label("Tell me when a round ends").uncheck()
    choose(page, "#persona", "Lynn")
    page.locator("#save-settings").click()
    expect(page.locator("#settings-line")).to_contain_text("Saved")
    now = site.app.services.preferences.get()
    assert set(now.languages) == {"en", "de"}
    assert (now.topics, now.chat.temperature, now.arena.max_new_tokens, now.notify) == (
        ("coding",),
        0.3,
        12,
        False,
    )
    opened = site.app.services.arena.planner.plan([Message("user", "Hello")])
    assert {c.sampling.max_new_tokens for c in opened.candidates} == {12}
    page.reload()
    expect(page.locator("#languages").get_by_label("Deutsch")).to_be_checked()
    expect(page.locator("#chat-temperature input")).to_have_value("0.3")


def test_dark_and_light_are_chosen_against_the_device_and_kept(page: Page, site: Site) -> None:
    page.emulate_media(color_scheme="light")
    shown(page)
    page.locator("#theme").get_by_label("Dark").check()
    page.locator("#save-settings").click()
    page.wait_for_selector("body.dark")
    page.goto("/leaderboard")
    page.wait_for_selector("body.dark #steps li")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    site.app.services.preferences.change(Changes(theme="light"))
    page.emulate_media(color_scheme="dark")
    page.goto("/leaderboard")
    page.wait_for_selector("body:not(.dark) #steps li")


def test_what_cannot_be_is_refused_in_words(page: Page, site: Site) -> None:
    shown(page)
    page.locator("#chat-temperature input").fill("3")
    page.locator("#save-settings").click()
    expect(page.get_by_role("alert")).to_contain_text("Chat: temperature: must be at most 2")
    assert site.app.services.preferences.get().chat.temperature == 0.9


def test_a_reset_asks_first_and_brings_the_defaults_back(page: Page, site: Site) -> None:
    site.app.services.preferences.change(Changes(chat_temperature=0.1, chat_max_new_tokens=9))
    shown(page)
    expect(page.locator("#chat-temperature input")).to_have_value("0.1")
    page.locator("#reset-settings").click()
    page.locator("#reset-settings-yes").click()
    expect(page.locator("#chat-temperature input")).to_have_value("0.9")
    assert site.app.services.preferences.get().chat == ReplyStyle(0.9, 128)


def test_the_first_visit_asks_for_languages_once(page: Page, site: Site) -> None:
    page.goto("/")
    card = page.locator("#first-question")
    expect(card).to_contain_text("Which languages do you want to talk in?")
    expect(card.get_by_label("English")).to_be_checked()
    card.get_by_label("English").uncheck()
    card.get_by_role("button", name="Save").click()
    expect(page.locator("#first-question-line")).to_contain_text("at least one language")
    card.get_by_label("Deutsch").check()
    card.get_by_role("button", name="Save").click()
    expect(card).to_be_hidden()
    until(lambda: site.app.services.preferences.get().languages == ("de",))
    page.reload()
    page.wait_for_selector("#steps li")
    expect(card).to_be_hidden()


def test_the_first_question_can_be_put_aside(page: Page, site: Site) -> None:
    page.goto("/")
    page.get_by_role("button", name="Only English").click()
    expect(page.locator("#first-question")).to_be_hidden()
    assert site.app.services.preferences.asked()


def test_what_the_environment_decides_is_shown_and_cannot_be_changed(
    page: Page, tiny_model: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, tiny_model) as decided:
        page.goto(f"{decided.url}/settings")
        expect(page.locator("#chat-temperature input")).to_have_value("1.8")
        expect(page.locator("#chat-temperature input")).to_be_disabled()
        expect(page.locator("#chat-temperature")).to_contain_text("Set by CODELYNN_TEMPERATURE.")
        expect(page.locator("#theme").get_by_label("Dark")).to_be_enabled()
        page.goto("about:blank")


def test_an_address_without_a_page_leads_on_and_a_program_gets_json(page: Page, site: Site) -> None:
    answer = page.request.get("/leaderbord", headers={"accept": "text/html"})
    assert (answer.status, "There is no such page" in answer.text()) == (404, True)
    asked = page.request.get("/leaderbord", headers={"accept": "application/json"})
    assert (asked.status, asked.json()) == (404, {"detail": "Not Found"})


def test_topics_that_no_prompt_in_the_languages_has_are_refused_in_plain_words(
    page: Page, site: Site
) -> None:
    shown(page)
    page.locator("#languages").get_by_label("Latina").check()
    page.locator("#languages").get_by_label("English").uncheck()
    page.locator("#topics").get_by_label("coding").check()
    page.locator("#save-settings").click()
    expect(page.locator("#settings-line")).to_contain_text(
        "None of the prompts on these topics is in your languages: choose another topic or language"
    )
    assert site.app.services.preferences.get().languages == ("en",)
