"""The box of the chat page: what is typed there is kept, whatever happens meanwhile."""

from playwright.sync_api import Page, expect

from tests.browser.chat.test_chat_page import answered, fresh, opened, say
from tests.browser.measure import boxes
from tests.browser.site import Site
from tests.waiting import until

BOX = "#message textarea"


def test_on_a_phone_the_conversation_and_the_box_come_before_the_choices(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    fresh(page, site)
    say(page, "Hello there.")
    answered(page, site)
    found = boxes(page, ("#transcript", "#message", "#regenerate", "#search-chats", "#model", "#connect"))
    order = sorted(found, key=lambda name: found[name].y)
    assert order == ["#transcript", "#message", "#regenerate", "#search-chats", "#model", "#connect"]
    assert found["#transcript"].y < 844 / 2
    assert found["#message"].bottom < 844


def test_text_typed_while_a_reply_is_written_stays_in_the_box(page: Page, site: Site) -> None:
    fresh(page, site)
    with site.engine.held():
        say(page, "What should I cook tonight?")
        page.locator("#stop:not([disabled])").wait_for()
        expect(page.locator(BOX)).to_have_value("")
        page.locator(BOX).press_sequentially("And what ", delay=5)
    page.locator(BOX).press_sequentially("to drink?", delay=5)
    assert len(answered(page, site).turns) == 2
    expect(page.locator(BOX)).to_have_value("And what to drink?")
    page.locator("#regenerate").click()
    expect(page.locator("#alternatives")).to_contain_text("Reply 2 of 2")
    expect(page.locator(BOX)).to_have_value("And what to drink?")
    page.locator(BOX).press("Enter")
    until(lambda: len(opened(page, site).turns) == 4)
    assert opened(page, site).turns[2].content == "And what to drink?"


def test_a_message_sent_too_early_comes_back_in_front_of_what_was_typed_since(page: Page, site: Site) -> None:
    fresh(page, site)
    with site.engine.held():
        say(page, "First.")
        page.locator("#stop:not([disabled])").wait_for()
        say(page, "Second.")
        expect(page.locator("#line")).to_contain_text("still being answered")
        expect(page.locator(BOX)).to_have_value("Second.")
    answered(page, site)
    page.locator(BOX).press("Enter")
    until(lambda: len(opened(page, site).turns) == 4)
    expect(page.locator(BOX)).to_have_value("")


def test_a_message_comes_back_where_the_service_does_not_answer(intercepted: Page, site: Site) -> None:
    page = intercepted
    fresh(page, site)
    page.route("**/gradio_api/queue/join*", lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):  # until then the box holds what was typed
        say(page, "Are you there?")
    expect(page.locator(BOX)).to_have_value("Are you there?")
    expect(page.locator(BOX)).to_be_enabled()
    page.locator(BOX).press("Enter")
    until(lambda: "Are you there?" in [turn.content for turn in opened(page, site).turns])
    expect(page.locator(BOX)).to_have_value("")


def test_a_reply_is_written_anew_in_a_box_with_room(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Hello there.")
    answered(page, site)
    page.locator("#transcript").get_by_role("button", name="edit").last.click()
    found = boxes(page, ("#transcript", "#transcript textarea"))
    assert found["#transcript textarea"].width > found["#transcript"].width * 0.8
    assert found["#transcript textarea"].height > 100
