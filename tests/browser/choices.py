"""Choosing from Gradio's lists."""

from playwright.sync_api import Page, TimeoutError, expect

from feedback_app.ui.version_words import version_choices
from tests.browser.site import Site

PATIENCE_MS = 3000


def version_option(site: Site, name: str) -> str:
    """What a dropdown calls the version of that name."""
    return next(words for words, value in version_choices(site.app.services.models) if value == name)


def choose(page: Page, field: str, option: str, tries: int = 10) -> None:
    """Choose in the dropdown below `field`. Its options lie where it stood when it was opened: where the page has moved
    since, a person opens it again."""
    box, wanted = page.locator(f"{field} input"), page.get_by_role("option", name=option, exact=True)
    for _ in range(tries):
        # In the middle of the window: options laid at its foot can be out of reach.
        box.evaluate("(box) => box.scrollIntoView({ block: 'center' })")
        box.click()
        try:
            wanted.click(timeout=PATIENCE_MS)
            return
        except TimeoutError:
            page.keyboard.press("Escape")
            box.blur()
    expect(wanted).to_be_in_viewport()
