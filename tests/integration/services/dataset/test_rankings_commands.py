"""`codelynn rankings`: found, taken out, brought back, deleted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from feedback_app.cli import app
from feedback_app.store import migrate, open_store
from tests.unit.services.reward.live.examples import LONGER_WON, opened

pytestmark = pytest.mark.integration
Run = Callable[..., Result]


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three rankings in a home of their own, newest first."""
    monkeypatch.setenv("CODELYNN_HOME", str(tmp_path))
    monkeypatch.setenv("CODELYNN_LIVE_REWARD", "false")
    url = f"sqlite:///{tmp_path / 'codelynn.db'}"
    monkeypatch.setenv("CODELYNN_DATABASE_URL", url)
    migrate(url)
    store = open_store(url)
    made = [opened(number) for number in (2, 1, 0)]
    for comparison in made:
        store.comparisons.add(comparison)
        store.comparisons.rank(comparison.id, LONGER_WON, ())
    store.close()
    return [comparison.id for comparison in made]


def run(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["rankings", *words], input=answer)


def test_rankings_are_found_taken_out_brought_back_and_deleted(ids: list[str]) -> None:
    assert run("find").stdout.split() == ids
    assert run("find", "QUESTION 1").stdout.split() == [ids[1]]
    assert run("exclude", *ids[:2]).stdout == "excluded: 2\n"
    assert run("find", "--verdict", "excluded").stdout.split() == ids[:2]
    assert run("include", ids[0], ids[2]).stdout == "included again: 1\n"
    kept = run("delete", ids[0], answer="n\n")
    assert (kept.exit_code, run("find").stdout.split()) == (1, ids)
    assert run("delete", ids[0], "--yes").stdout == "deleted: 1\n"
    assert run("find").stdout.split() == ids[1:]
    assert run("find", "--verdict", "nonsense").exit_code == 2


def test_every_ranking_that_matches_is_changed_at_once(ids: list[str]) -> None:
    kept = run("change-all", "exclude", "--words", "question 1", answer="n\n")
    assert (kept.exit_code, run("find", "--verdict", "excluded").stdout) == (1, "")
    assert "changed: 1" in run("change-all", "exclude", "--words", "question 1", "--yes").stdout
    assert run("find", "--verdict", "excluded").stdout.split() == [ids[1]]
    assert "changed: 3" in run("change-all", "tag", "--add", "tea", "--yes").stdout
    assert run("find", "--tag", "tea").stdout.split() == ids
    assert "changed: 3" in run("change-all", "delete", "--tag", "tea", "--yes").stdout
    assert run("find").stdout == ""
    assert run("change-all", "polish", "--yes").exit_code == 2
    assert run("change-all", "tag", "--add", "x" * 201, "--yes").exit_code == 2
