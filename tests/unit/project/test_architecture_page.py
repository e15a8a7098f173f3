"""`docs/architecture.md` and `docs/glossary.md` name functions that exist."""

import ast
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.paths import PROJECT

ARCHITECTURE, GLOSSARY = PROJECT / "docs" / "architecture.md", PROJECT / "docs" / "glossary.md"
PAGES = [ARCHITECTURE, GLOSSARY]
NAMED = re.compile(r"`([\w/]+\.py)`: `([\w.]+)`")
WALK = re.compile(r"^### (.+?)\n(.*?)(?=^#|\Z)", re.M | re.S)
STEP = re.compile(r"^\d+\. .*(?:\n   .*)*", re.M)
MOST_STEPS = 10


def names_in(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Classes, functions and what is assigned, with the names that they stand in: `router.rank` is a function in a function."""
    for node in body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
                yield from names_in(node.body, f"{prefix}{name}.")
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name
            case ast.Assign(targets=targets):
                yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


@cache
def defined(file: Path) -> frozenset[str]:
    return frozenset(names_in(ast.parse(file.read_text(encoding="utf-8")).body))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_function_that_the_page_names_exists(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert named
    missing = [
        f"{file}: {name}"
        for file, name in named
        if not (PROJECT / file).is_file() or name not in defined(PROJECT / file)
    ]
    assert missing == []


def test_each_walk_has_at_most_ten_steps_and_each_step_names_a_function() -> None:
    walks = {
        title: STEP.findall(text) for title, text in WALK.findall(ARCHITECTURE.read_text(encoding="utf-8"))
    }
    assert len(walks) == 3
    for title, steps in walks.items():
        assert 1 < len(steps) <= MOST_STEPS, title
        assert [step for step in steps if not NAMED.search(step)] == [], title


def test_the_picture_is_what_its_script_draws() -> None:
    """Where this fails: `python deploy/architecture_picture.py > docs/architecture.svg`."""
    picture = runpy.run_path(str(PROJECT / "deploy" / "architecture_picture.py"))["picture"]
    assert (PROJECT / "docs" / "architecture.svg").read_text(encoding="utf-8") == picture() + "\n"
