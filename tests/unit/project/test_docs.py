"""The documents say what the code does."""

import re
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedback_app.cli import app
from feedback_app.settings import PROJECT, Settings

DOCS = sorted(
    [
        *PROJECT.glob("*.md"),
        *PROJECT.glob("docs/**/*.md"),
        *PROJECT.glob("datasets/*.md"),
        *PROJECT.glob("benchmarks/*.md"),
    ]
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
PATH = re.compile(
    r"`((?:feedback_app|workers|alignment|reward_model|benchmarks|tests|deploy|datasets|docs)/[\w./-]*)`"
)
SETTING = re.compile(r"CODELYNN_([A-Z_]+[A-Z])")


def test_the_settings_page_is_what_the_settings_print() -> None:
    table = runpy.run_path(str(PROJECT / "deploy" / "settings_table.py"))["table"]
    assert (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8") == table()


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    paths = PATH.findall(page.read_text(encoding="utf-8"))
    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    named = set(SETTING.findall(page.read_text(encoding="utf-8")))
    assert named <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    shown = set(
        re.findall(
            r"^(?:\$ |\.venv/bin/)?codelynn ([a-z-]+(?: [a-z]+)?)", page.read_text(encoding="utf-8"), re.M
        )
    )
    groups = {"round", "reward", "checkpoint", "snapshots", "argilla", "label-studio"}
    for words in shown:
        parts = words.split()
        command = parts if parts[0] in groups else parts[:1]
        result = CliRunner().invoke(app, [*command, "--help"])
        assert result.exit_code == 0, f"codelynn {' '.join(command)}"


def test_the_session_shows_the_commands_that_its_script_runs() -> None:
    """Where this fails: `python deploy/transcript.py > docs/transcript.md`."""
    commands = runpy.run_path(str(PROJECT / "deploy" / "transcript.py"))["commands"]
    page = (PROJECT / "docs" / "transcript.md").read_text(encoding="utf-8")
    assert re.findall(r"^\$ (.+)$", page, re.M) == commands()


def test_the_cli_page_is_what_the_commands_print() -> None:
    page = runpy.run_path(str(PROJECT / "deploy" / "cli_page.py"))["page"]
    assert (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8") == page()


def test_the_list_of_decisions_has_each_of_them_with_its_title() -> None:
    folder = PROJECT / "docs" / "decisions"
    titles = {page: page.read_text(encoding="utf-8").splitlines()[0] for page in folder.glob("0*.md")}
    rows = [f"| [{page.name[:4]}]({page.name}) | {title[7:]} |" for page, title in sorted(titles.items())]
    listed = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in listed if line.startswith("| [")] == rows
