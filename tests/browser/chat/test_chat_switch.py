"""Another persona or version, chosen in the middle of a conversation: the page asks what is meant."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.round import Checkpoint
from tests.browser.chat.test_chat_page import answered, fresh, opened, say
from tests.browser.choices import choose, version_option
from tests.browser.site import Site
from tests.waiting import until

LYNN = "Lynn: A warm, plain-spoken companion who answers in two or three short sentences."
MAGISTER = "Magister: A dry, precise teacher who is fond of Latin and explains one thing at a time."


@pytest.fixture
def talk(page: Page, site: Site) -> str:
    """An open conversation with Lynn; its id."""
    fresh(page, site)
    say(page, "Hello!")
    return answered(page, site).id


@pytest.fixture
def second(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another version: the base's own weights under another name."""
    folder = tmp_path_factory.mktemp("second")
    base = site.app.services.models.files("base").ct2_dir
    assert base is not None
    (folder / "ct2").symlink_to(base)
    if "dpo-second" not in site.app.services.models.versions():
        site.app.store.checkpoints.add(Checkpoint("dpo-second", str(folder), passed=True))
    return "dpo-second"


def magister(page: Page) -> None:
    choose(page, "#persona", MAGISTER)
    expect(page.locator("#switch")).to_contain_text("This conversation is with Lynn.")


def test_another_persona_answers_from_the_next_reply_on(page: Page, site: Site, talk: str) -> None:
    magister(page)
    page.get_by_role("button", name="Continue with Magister").click()
    expect(page.locator("#switch")).to_be_hidden()
    expect(page.locator("#about")).to_contain_text("Magister")
    assert opened(page, site).persona == "magister"
    say(page, "And now?")
    until(lambda: len(opened(page, site).turns) == 4)
    page.reload()
    expect(page.locator("#persona input")).to_have_value(MAGISTER)


def test_another_persona_begins_a_conversation_of_its_own(page: Page, site: Site, talk: str) -> None:
    magister(page)
    page.get_by_role("button", name="New conversation with Magister").click()
    expect(page.locator("#transcript")).to_contain_text("Salve.")
    expect(page.locator("#switch")).to_be_hidden()
    say(page, "Hello, teacher.")
    page.wait_for_url(lambda url: "c=" in url and talk not in url)
    assert answered(page, site).persona == "magister"
    assert site.app.services.chat.get(talk).persona == "lynn"


def test_the_persona_can_stay(page: Page, site: Site, talk: str) -> None:
    magister(page)
    page.get_by_role("button", name="Keep Lynn").click()
    expect(page.locator("#switch")).to_be_hidden()
    expect(page.locator("#persona input")).to_have_value(LYNN)
    assert site.app.services.chat.get(talk).persona == "lynn"


def test_a_persona_chosen_while_a_reply_is_written_is_still_asked_about_after_it(
    page: Page, site: Site
) -> None:
    fresh(page, site)
    with site.engine.held():
        say(page, "Hello!")
        page.locator("#stop:not([disabled])").wait_for()
        magister(page)
        page.get_by_role("button", name="Continue with Magister").click()
        expect(page.locator("#line")).to_contain_text("still being answered")
    answered(page, site)
    expect(page.locator("#persona input")).to_have_value(MAGISTER)
    page.get_by_role("button", name="Continue with Magister").click()
    until(lambda: opened(page, site).persona == "magister")


def test_another_version_begins_a_new_conversation_or_none(
    page: Page, site: Site, second: str, talk: str
) -> None:
    page.reload()
    expect(page.locator("#about .about")).to_have_count(1)
    choose(page, "#model", version_option(site, second))
    expect(page.locator("#switch")).to_contain_text("stays with the base model")
    expect(page.locator("#switch-here")).to_be_hidden()
    page.get_by_role("button", name="Stay here").click()
    expect(page.locator("#model input")).to_have_value("Base model")
    choose(page, "#model", version_option(site, second))
    page.get_by_role("button", name="New conversation with version 1").click()
    expect(page.locator("#about .about")).to_have_count(0)
    say(page, "Hello, other one.")
    page.wait_for_url(lambda url: "c=" in url and talk not in url)
    assert answered(page, site).model == second


@pytest.mark.parametrize("leaving", ["new", "other", "delete"])
def test_the_question_goes_with_its_conversation(page: Page, site: Site, talk: str, leaving: str) -> None:
    other = site.app.services.chat.begin("base", "lynn")
    site.app.services.chat.rename(other.id, f"Another talk, {leaving}")
    page.reload()
    expect(page.locator("#conversations")).to_contain_text(f"Another talk, {leaving}")
    expect(page.locator("#about .about")).to_have_count(1)
    magister(page)
    if leaving == "new":
        page.locator("#new-chat").click()
    elif leaving == "other":
        page.locator("#conversations").get_by_label(f"Another talk, {leaving}").check()
    else:
        page.locator("#manage button").first.click()
        page.locator("#delete").click()
        page.locator("#delete-yes").click()
    page.wait_for_url(lambda url: talk not in url)
    expect(page.locator("#switch")).to_be_hidden()
    expect(page.locator("#persona input")).to_have_value(LYNN)
