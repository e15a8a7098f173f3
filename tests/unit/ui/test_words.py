"""Words that readers stumbled on do not come back, on any page and in any message."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import PROJECT

PLACES = (
    "feedback_app/ui",
    "feedback_app/services",
    "feedback_app/domain",
    "feedback_app/api",
    "feedback_app/commands",
)
MORE = ("alignment/gate/decision.py", "alignment/contract/manifests/gate.py", "alignment/stages.py")
BANNED = (
    "Go on by itself",
    "Draw a prompt",
    "guesses I can say",
    "enough for a round",
    "the first round of this kind will tell",
    "speaks in the gate",
    "The chat model (",
    "assed the gate",
    "eld back by the gate",
    "passes its gate",
    "Training changed the adapter",
    "The trained update counts",
    "Had you chosen one",
    "hears the same",
    "Kept. A round can learn",
    "they are a demonstration now",
    "answers already: choose another version",
    "promotion is undone",
    "newest promotion (",
    "Judged otherwise",
    "judged otherwise when",
    "Pair chosen",
    "as drawn",
    'to learn from"',
    "guess from the beginning",
    "begins like none of the formats",
    "take it out",
    "Take out",
    "aken out:",
    "Bring back",
    "Bring it back",
    "Annotation desks",
    "annotation desk is set up",
    ">Parts<",
    "All that count",
    "What else decides",
    "Keys rest while you write",
    "Rank 10 pairs and I begin",
    "on this machine and hold from",
    "A round is running",
    "or how they begin",
    "or how it begins",
    "whatever its gate said",
)
"""The left column of the table of first use, and texts like them."""


def literals(path: Path) -> Iterator[str]:
    """What the file can show: its strings without docstrings; all of a script or template without its comments."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        yield re.sub(r"(?m)(^|\s)//.*$", "", text)
        return
    if path.suffix == ".html":
        yield re.sub(r"(?s)\{#.*?#\}", "", text)
        return
    tree = ast.parse(text)
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def shown() -> list[tuple[str, str]]:
    files = [
        path
        for place in PLACES
        for path in (PROJECT / place).rglob("*")
        if path.suffix in (".py", ".js", ".html")
    ]
    files += [PROJECT / name for name in MORE]
    files.remove(
        PROJECT / "feedback_app/domain/decision.py"
    )  # it knows the old lines in order to translate them
    return [(path.relative_to(PROJECT).as_posix(), text) for path in files for text in literals(path)]


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    found = shown()
    assert len(found) > 1000
    return found


@pytest.mark.parametrize("phrase", BANNED)
def test_a_phrase_that_puzzled_readers_is_nowhere(phrase: str, texts: list[tuple[str, str]]) -> None:
    assert sorted({name for name, text in texts if phrase in text}) == []


def test_strings_are_seen_and_docstrings_and_comments_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""Take out."""\n# Take out\nA = f"{1} Bring back"\n')
    (tmp_path / "b.js").write_text('// Take out\nconst a = "Bring back"; // Take out\n')
    for name in ("a.py", "b.js"):
        told = " ".join(literals(tmp_path / name))
        assert "Bring back" in told
        assert "Take out" not in told
