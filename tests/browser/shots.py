"""Screenshots, for the tests and for the documentation."""

from pathlib import Path

from playwright.sync_api import Page


def take(page: Page, path: Path, full: bool = True) -> Path:
    """A picture of the page as it stands, once nothing moves: no caret, no animation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path, full_page=full, animations="disabled", caret="hide")
    return path
