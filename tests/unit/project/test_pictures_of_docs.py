"""The pictures of the documents: each is shown somewhere, and a test takes it from the real pages."""

import re

import pytest

from feedback_app.settings import PROJECT

FOLDER = PROJECT / "docs" / "screenshots"
TAKEN = re.compile(r"""pictures / "([a-z-]+\.png)\"""")
SHOWN = re.compile(r"\]\((?:docs/)?screenshots/([^)]+)\)")
PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]


@pytest.fixture
def there() -> set[str]:
    return {file.name for file in FOLDER.iterdir()}


def test_every_picture_is_taken_by_the_test_of_the_pictures(there: set[str]) -> None:
    source = (PROJECT / "tests" / "browser" / "shared" / "test_pictures.py").read_text(encoding="utf-8")
    assert set(TAKEN.findall(source)) == there


def test_every_picture_is_shown_and_every_shown_picture_is_there(there: set[str]) -> None:
    shown = {name for page in PAGES for name in SHOWN.findall(page.read_text(encoding="utf-8"))}
    assert shown == there
