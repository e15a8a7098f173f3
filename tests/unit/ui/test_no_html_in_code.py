"""The HTML of these rooms is in their templates, where everything that is filled in is escaped."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_app.ui.shared.templates import ROOMS

HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-z]+|#\d+);")
CODE = sorted(ROOMS.rglob("*.py"))


def strings(path: Path) -> Iterator[str]:
    """The text of every string literal, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("path", CODE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_string_of_the_code_holds_html(path: Path) -> None:
    assert [text for text in strings(path) if HTML.search(text)] == []
    assert "import escape" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["<p>", '<p class="a">', "</p>", "a <br/> b", "&amp;", "&#8230;"])
def test_html_is_recognised(text: str) -> None:
    assert HTML.search(text)


@pytest.mark.parametrize("text", ["B > A = C", "a < b", "(id) => { go(id); }", "Save & close"])
def test_other_text_is_no_html(text: str) -> None:
    assert not HTML.search(text)
