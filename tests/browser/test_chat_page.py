"""Chat as its user sees it."""

from unittest.mock import patch

from playwright.sync_api import Page, expect

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.services.best_of import BestOf
from tests.browser.choices import choose
from tests.browser.site import Site
from tests.fakes import ShorterIsBetter
from tests.waiting import until


def say(page: Page, text: str) -> None:
    page.locator("#message textarea").fill(text)
    page.locator("#message textarea").press("Enter")


def fresh(page: Page, site: Site) -> None:
    """A new conversation, once the page has opened the last one."""
    page.goto("/chat")
    if site.app.services.chat.list():
        page.wait_for_url("**/chat?c=*")
        expect(page.locator("#about .about")).to_have_count(1)
    page.locator("#new-chat").click()
    page.wait_for_function("!location.search.includes('c=')")
    expect(page.locator("#about .about")).to_have_count(0)
    expect(page.locator("#regenerate")).to_be_disabled()


def answered(page: Page, site: Site) -> Conversation:
    """Waits for the reply to the last message, then for the buttons that come back with it."""
    until(lambda: opened(page, site).turns[-1:] and opened(page, site).turns[-1].role == "assistant", 60)
    expect(page.locator("#regenerate")).to_be_enabled()
    return opened(page, site)


def opened(page: Page, site: Site) -> Conversation:
    page.wait_for_url("**/chat?c=*")
    return site.app.store.conversations.get(page.url.split("c=")[1])


def test_a_message_is_answered_and_kept(page: Page, site: Site) -> None:
    fresh(page, site)
    expect(page.locator("#transcript")).to_contain_text("Hi, I'm Lynn")
    say(page, "Hello, how are you?")
    conversation = answered(page, site)
    assert [turn.role for turn in conversation.turns] == ["user", "assistant"]
    expect(page.locator("#version")).to_have_text("base model")
    page.reload()
    expect(page.locator("#transcript")).to_contain_text("Hello, how are you?")
    assert opened(page, site).id == conversation.id


def test_regenerate_writes_the_last_reply_again(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Tell me a joke.")
    first = answered(page, site).turns[1].created_at
    page.locator("#regenerate").click()
    until(lambda: [t.created_at != first for t in opened(page, site).turns[1:]] == [True])
    assert len(opened(page, site).turns) == 2


def test_a_refresh_mid_reply_joins_in_and_stop_keeps_what_is_there(page: Page, site: Site) -> None:
    fresh(page, site)
    with site.engine.held():
        say(page, "What should I cook tonight?")
        page.wait_for_selector("#stop:not([disabled])")
        page.reload()
        page.wait_for_selector("#stop:not([disabled])")
        page.locator("#stop").click()
    page.wait_for_selector("#regenerate:not([disabled])")
    conversation = opened(page, site)
    assert not site.app.services.chat.writing(conversation.id)
    assert len(conversation.turns) in (1, 2)


def test_a_thumb_is_kept(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "I am sad.")
    answered(page, site)
    page.locator("#transcript").get_by_role("button", name="like", exact=False).last.click()
    until(lambda: opened(page, site).turns[1].rating is not None)


def test_a_conversation_is_renamed_and_deleted_after_a_question(page: Page, site: Site) -> None:
    fresh(page, site)
    say(page, "Write a short greeting.")
    conversation = answered(page, site)
    page.locator("#manage button").first.click()
    page.locator("#chat-name input, #chat-name textarea").first.fill("Greetings")
    page.locator("#rename").click()
    expect(page.locator("#conversations")).to_contain_text("Greetings")
    page.locator("#delete").click()
    expect(page.locator("#delete-confirm")).to_contain_text("cannot be undone")
    page.locator("#delete-yes").click()
    until(lambda: conversation.id not in {c.id for c in site.app.services.chat.list()})


def test_a_version_can_be_chosen(page: Page, site: Site) -> None:
    fresh(page, site)
    choose(page, "#model", "Base model")
    say(page, "What is two plus two?")
    assert answered(page, site).model == "base"


def test_the_best_of_four_is_told_of_and_needs_something_to_choose_by(page: Page, site: Site) -> None:
    fresh(page, site)
    page.locator("#best-of").get_by_label("4", exact=True).check()
    say(page, "What is two plus two?")
    expect(page.locator("#line")).to_contain_text("rank replies in the arena, or train a reward model")
    expect(page.locator("#message textarea")).to_have_value("What is two plus two?")
    shorter = BestOf((ShorterIsBetter(),))
    with patch.object(site.app.services.chat, "_best", shorter):
        with site.engine.held():
            page.locator("#message textarea").press("Enter")
            expect(page.locator("#line")).to_contain_text("Writing 4 replies…")
        chosen = answered(page, site).turns[1]
        assert (chosen.best_of, chosen.chosen_by) == (4, "a fake")
        told = "The best of 4 replies, chosen by a fake."
        expect(page.locator("#line")).to_contain_text(told)
        page.reload()
        expect(page.locator("#line")).to_contain_text(told)
        page.locator("#best-of").get_by_label("2", exact=True).check()
        page.locator("#regenerate").click()
        expect(page.locator("#line")).to_contain_text("The best of 2 replies")
        with site.engine.held():
            page.locator("#regenerate").click()
            page.locator("#stop:not([disabled])").click()
        page.wait_for_selector("#regenerate:not([disabled])")
        until(lambda: not site.app.services.chat.candidates(opened(page, site).id))
    assert len(opened(page, site).turns) in (1, 2)


def test_what_a_model_writes_is_neither_html_nor_image(page: Page, site: Site) -> None:
    bad = '<img src="http://example.com/a.png"> ![x](http://example.com/b.png) <script>window.hacked = 1</script>'
    turns = (Turn("user", "hi"), Turn("assistant", bad, model="base"))
    conversation = Conversation("base", "lynn", "bad", turns)
    site.app.store.conversations.add(conversation)
    page.goto(f"/chat?c={conversation.id}")
    expect(page.locator("#transcript")).to_contain_text("example.com")
    assert page.locator("#transcript .message img").count() == 0
    assert page.evaluate("window.hacked") is None
