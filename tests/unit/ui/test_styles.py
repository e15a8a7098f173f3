"""What Gradio 6.31 does to style sheets: inside `@media` it puts its own selector before each part between commas, and keeps
nothing else. So a list in parentheses is torn apart there, and `.gradio-container` is never found below itself."""

import re
from pathlib import Path

import pytest

from feedback_app.ui.shared.theme import STYLES

BLOCK = re.compile(r"@media[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
RULE = re.compile(r"([^{}]+)\{[^{}]*\}")


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_rules_for_a_width_reach_the_page(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    selectors = [
        rule.group(1).strip() for block in BLOCK.finditer(text) for rule in RULE.finditer(block.group(1))
    ]
    lost = [s for s in selectors if ".gradio-container" in s or re.search(r"\([^()]*,[^()]*\)", s)]
    assert lost == []
