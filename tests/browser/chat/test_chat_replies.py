"""What the chat page shows of replies: the alternatives to the last one, how one ended, and whose words it has."""

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.store import Store
from tests.browser.chat.test_chat_extras import edit
from tests.browser.chat.test_chat_page import answered, fresh, opened, say
from tests.browser.site import Site
from tests.conftest import WAIT_MS
from tests.waiting import until

PLACE = "#reply-place"


def three(store: Store) -> str:
    """A conversation whose last message has three replies, of which the last stands; its id."""
    asked = (Turn("user", "Which tea?"), Turn("assistant", "Green tea.", model="base"))
    talk = Conversation("base", "lynn", "Tea", asked)
    store.conversations.add(talk)
    for reply in ("Black tea.", "No tea."):
        store.conversations.set_aside(talk.id)
        store.conversations.append(talk.id, Turn("assistant", reply, model="base"))
    return talk.id


@pytest.fixture
def tea(page: Page, site: Site) -> str:
    found = three(site.app.store)
    page.goto(f"/chat?c={found}")
    expect(page.locator(PLACE)).to_have_text("Reply 3 of 3")
    return found


def test_regenerate_keeps_the_reply_before_and_the_buttons_go_between_them(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Tell me a joke.")
    first = answered(page, site).turns[1].content
    expect(page.locator("#alternatives")).to_be_hidden()
    page.locator("#regenerate").click()
    expect(page.locator(PLACE)).to_have_text("Reply 2 of 2")
    second = opened(page, site).turns[1].content
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(PLACE)).to_have_text("Reply 1 of 2")
    assert opened(page, site).turns[1].content == first
    page.get_by_role("button", name="Next").click()
    expect(page.locator(PLACE)).to_have_text("Reply 2 of 2")
    assert opened(page, site).turns[1].content == second


def test_the_arrow_keys_go_between_replies_and_not_while_one_types(page: Page, tea: str) -> None:
    page.keyboard.press("ArrowLeft")
    expect(page.locator(PLACE)).to_have_text("Reply 2 of 3")
    expect(page.locator("#transcript")).to_contain_text("Black tea.")
    page.keyboard.press("ArrowRight")
    expect(page.locator(PLACE)).to_have_text("Reply 3 of 3")
    page.keyboard.press("ArrowRight")
    expect(page.locator(PLACE)).to_have_text("Reply 1 of 3")
    page.locator("#message textarea").fill("ab")
    page.locator("#message textarea").press("ArrowLeft")
    page.locator("#message textarea").press_sequentially("x")
    expect(page.locator("#message textarea")).to_have_value("axb")
    expect(page.locator(PLACE)).to_have_text("Reply 1 of 3")


def test_a_finger_drawn_across_the_conversation_goes_between_replies(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"/chat?c={three(site.app.store)}")
    expect(page.locator(PLACE)).to_have_text("Reply 3 of 3")
    box = page.locator("#transcript").bounding_box()
    assert box is not None
    devtools, y = context.new_cdp_session(page), box["y"] + 60
    for kind, points in (
        ("touchStart", [{"x": 100, "y": y}]),
        ("touchMove", [{"x": 260, "y": y}]),
        ("touchEnd", []),
    ):
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.locator(PLACE)).to_have_text("Reply 2 of 3")
    context.close()


def test_the_conversation_goes_on_from_the_reply_that_is_shown(page: Page, site: Site, tea: str) -> None:
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#transcript")).to_contain_text("Black tea.")
    page.reload()
    expect(page.locator(PLACE)).to_have_text("Reply 2 of 3")
    say(page, "Why?")
    until(lambda: len(opened(page, site).turns) == 4)
    assert [message.content for message in site.app.services.chat.prompt(tea)[1:]] == [
        "Which tea?", "Black tea.", "Why?",
    ]  # fmt: skip
    expect(page.locator("#regenerate")).to_be_enabled()
    expect(page.locator("#alternatives")).to_be_hidden()


def test_a_stopped_reply_says_so_also_after_a_reload(page: Page, site: Site) -> None:
    fresh(page, site)
    with site.engine.held():
        say(page, "Tell me a long story.")
        until(lambda: bool(site.app.services.chat.partial_reply(opened(page, site).id)))
        page.locator("#stop:not([disabled])").click()
        expect(page.locator("#stop")).to_be_disabled()
    assert answered(page, site).turns[1].ending == "stopped"
    expect(page.locator("#transcript")).to_contain_text("Stopped by you.")
    page.reload()
    expect(page.locator("#transcript")).to_contain_text("Stopped by you.")


def test_a_reply_at_the_limit_says_that_it_was_cut_off_until_it_is_edited(page: Page, site: Site) -> None:
    turns = (Turn("user", "Hi"), Turn("assistant", "Once upon a", model="base", ending="length"))
    talk = Conversation("base", "lynn", "Story", turns)
    site.app.store.conversations.add(talk)
    page.goto(f"/chat?c={talk.id}")
    expect(page.locator("#transcript")).to_contain_text("Cut off:")
    page.locator("#transcript").get_by_role("button", name="edit").last.click()
    page.locator("#transcript textarea").press("End")
    page.locator("#transcript textarea").press_sequentially(" time.")
    page.locator("#transcript").get_by_role("button", name="submit").last.click()
    expect(page.locator("#line")).to_contain_text("learn from your version")
    expect(page.locator("#transcript")).not_to_contain_text("Cut off:")
    turn = opened(page, site).turns[1]
    assert turn.original == "Once upon a"
    assert "Cut off" not in turn.content
    assert turn.content.endswith("time.")


def test_an_edited_reply_has_no_thumb(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Say hello to Anna.")
    answered(page, site)
    page.locator("#transcript").get_by_role("button", name="like").last.click()
    until(lambda: opened(page, site).turns[1].rating == 1)
    edit(page, "Hej Anna!")
    expect(page.locator("#line")).to_contain_text("learn from your version")
    assert opened(page, site).turns[1].rating is None
    page.locator("#transcript").get_by_role("button", name="like").last.click()
    expect(page.locator("#line")).to_contain_text("You wrote this reply yourself")
    assert opened(page, site).turns[1].rating is None
