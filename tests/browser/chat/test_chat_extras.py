"""What can be done with a conversation: edit a reply, find it again, take it along, rank instead."""

import json
from fnmatch import fnmatch
from pathlib import Path

from openai import OpenAI
from playwright.sync_api import Page, expect

from feedback_app.domain.conversation import Conversation, Turn
from tests.browser.chat.test_chat_page import answered, fresh, opened, say
from tests.browser.site import Site


def test_an_edited_reply_is_kept_as_the_owners_words_and_undone_by_the_models(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Say hello to Anna.")
    written = answered(page, site).turns[1].content
    edit(page, "Hej Anna!")
    expect(page.locator("#line")).to_contain_text("Saved. The next round can learn from your version.")
    turn = opened(page, site).turns[1]
    assert (turn.content, turn.original) == ("Hej Anna!", written)
    expect(page.locator("#transcript")).to_contain_text("Hej Anna!")
    demonstrations = site.app.services.dataset.count("sft").records
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
    saved = json.loads(downloaded(page, "JSON", "codelynn-about-mar-*.json"))
    assert [turn["content"] for turn in saved["turns"]] == ["I like marmalade.", "Why?"]
    page.locator("#search-chats input, #search-chats textarea").first.fill("zeppelin")
    expect(page.locator("#search-found")).to_have_text("No conversation has these words.")
    page.locator("#search-chats input, #search-chats textarea").first.fill("violin")
    expect(page.locator("#search-found")).to_have_text("")


def downloaded(page: Page, link: str, name: str) -> str:
    """What is saved by that link under the conversation's title."""
    with page.expect_download() as started:
        page.get_by_role("link", name=link, exact=True).click()
    assert fnmatch(started.value.suggested_filename, name)
    return Path(started.value.path()).read_text(encoding="utf-8")


def test_a_conversation_is_saved_as_markdown_as_text_and_with_all_its_replies(page: Page, site: Site) -> None:
    asked = (Turn("user", "Hur mår du?"), Turn("assistant", "Fine.", model="base", ending="stopped"))
    talk = Conversation("base", "lynn", "../Häl & <b>så</b>", asked)
    site.app.store.conversations.add(talk)
    site.app.store.conversations.set_aside(talk.id)
    site.app.store.conversations.append(talk.id, Turn("assistant", "Bra!", model="base"))
    page.goto(f"/chat?c={talk.id}")
    named = "codelynn-hal-b-sa-b-*"
    expect(page.locator("#about .about")).to_contain_text("Häl")
    markdown = downloaded(page, "Markdown", f"{named}.md")
    assert "**You:**\n\nHur mår du?\n\n**Lynn:**\n\nBra!\n" in markdown
    assert downloaded(page, "text", f"{named}.txt") == "You: Hur mår du?\n\nLynn: Bra!\n"
    saved = json.loads(downloaded(page, "JSON", f"{named}.json"))
    others = [(one["turn"], one["content"], one["ending"]) for one in saved["alternatives"]]
    assert others == [(1, "Fine.", "stopped")]


def test_the_page_says_how_to_connect_another_app(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/chat")
    page.locator("#connect button").first.click()
    for field, value in (("address", f"{site.url}/v1"), ("key", "codelynn"), ("model", "latest")):
        expect(page.locator(f"#connect-{field}").locator("input, textarea").first).to_have_value(value)
        page.locator(f"#connect-{field}").get_by_role("button", name="copy").click()
        page.wait_for_function("async (value) => (await navigator.clipboard.readText()) === value", arg=value)
    expect(page.locator("#connect-curl")).to_contain_text(f"curl {site.url}/v1/chat/completions")
    client = OpenAI(base_url=f"{site.url}/v1", api_key="codelynn", max_retries=0)
    said = client.chat.completions.create(model="latest", messages=[{"role": "user", "content": "Hello!"}])
    assert said.model == "base"


def test_a_turn_is_sent_to_the_arena_to_be_ranked(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Which tea is best?")
    answered(page, site)
    page.locator("#rank-instead").click()
    page.wait_for_url("**/?c=*")
    comparison = site.app.store.comparisons.get(page.url.split("c=")[1])
    assert comparison.messages[-1].content == "Which tea is best?"
    expect(page.locator("#asked")).to_contain_text("Which tea is best?")
