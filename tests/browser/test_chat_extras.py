"""What can be done with a conversation: edit a reply, find it again, take it along, rank instead."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from feedback_app.domain.conversation import Conversation, Turn
from tests.browser.site import Site
from tests.browser.test_chat_page import answered, fresh, opened, say


def test_an_edited_reply_is_kept_as_the_owners_words_and_undone_by_the_models(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Say hello to Anna.")
    written = answered(page, site).turns[1].content
    edit(page, "Hej Anna!")
    expect(page.locator("#line")).to_contain_text("they are a demonstration now")
    turn = opened(page, site).turns[1]
    assert (turn.content, turn.original) == ("Hej Anna!", written)
    expect(page.locator("#transcript")).to_contain_text("Hej Anna!")
    demonstrations = site.app.services.data.count("sft").records
    assert demonstrations == 1


def edit(page: Page, text: str) -> None:
    """Write the last reply anew, by the pencil under it."""
    page.locator("#transcript").get_by_role("button", name="edit").last.click()
    page.locator("#transcript textarea").fill(text)
    page.locator("#transcript").get_by_role("button", name="submit").last.click()


def test_conversations_are_found_by_their_words_and_saved_as_a_file(page: Page, site: Site) -> None:
    for word in ("marmalade", "violin"):
        turns = (Turn("user", f"I like {word}."), Turn("assistant", "Why?", model="base"))
        site.app.store.conversations.add(Conversation("base", "lynn", f"About {word[:3]}", turns))
    page.goto("/chat")
    expect(page.locator("#conversations")).to_contain_text("About vio")
    page.locator("#search-chats input, #search-chats textarea").first.fill("MARMALADE")
    expect(page.locator("#conversations")).not_to_contain_text("About vio")
    page.locator("#conversations").get_by_label("About mar").check()
    expect(page.locator("#transcript")).to_contain_text("I like marmalade.")
    with page.expect_download() as started:
        page.get_by_role("link", name="Save as a file").click()
    saved = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert [turn["content"] for turn in saved["turns"]] == ["I like marmalade.", "Why?"]


def test_a_turn_is_sent_to_the_arena_to_be_ranked(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Which tea is best?")
    answered(page, site)
    page.locator("#rank-instead").click()
    page.wait_for_url("**/?c=*")
    comparison = site.app.store.comparisons.get(page.url.split("c=")[1])
    assert comparison.messages[-1].content == "Which tea is best?"
    expect(page.locator("#asked")).to_contain_text("Which tea is best?")
