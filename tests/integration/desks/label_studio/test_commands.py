"""`codelynn label-studio push|pull|status`, as a user runs them, with a database of ours and the real server."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from feedback_app.cli import app
from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message
from feedback_app.processes.local_files import free_port
from feedback_app.store import migrate, open_store
from tests.integration.desks.label_studio.records import answer, pending, task_of
from tests.integration.desks.label_studio.server import LabelStudioServer

pytestmark = pytest.mark.integration
Codelynn = Callable[..., Result]


@pytest.fixture
def codelynn(server: LabelStudioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Codelynn:
    monkeypatch.setenv("CODELYNN_HOME", str(tmp_path))
    monkeypatch.setenv("CODELYNN_LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("CODELYNN_LABEL_STUDIO_TOKEN", server.owner.token)
    migrate(f"sqlite:///{tmp_path / 'codelynn.db'}")
    return lambda *words: CliRunner().invoke(app, ["label-studio", *words])


def comparison(name: str) -> Comparison:
    candidates = [Candidate(f"c{n}", n, "base", f"Reply {n}", finish="stop") for n in range(3)]
    return Comparison(
        id=name,
        messages=(Message("user", "Hello"),),
        candidates=tuple(candidates),
        status=ComparisonStatus.open,
    )


def test_what_was_pushed_and_ranked_on_the_page_is_ranked_here_after_a_pull(
    codelynn: Codelynn, owner: httpx.Client, tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'codelynn.db'}")
    store.comparisons.add(comparison("k-cli"))
    for _ in range(2):
        pushed = codelynn("push")
        assert (pushed.exit_code, "1 comparisons are in Label Studio" in pushed.output) == (0, True)
    task = task_of(owner, pending(3, comparison_id="k-cli"))
    owner.post(f"/api/tasks/{task['id']}/annotations/", json=answer(["3", "1", "2"])).raise_for_status()
    assert "1 rankings changed here" in codelynn("pull").output
    ranking = store.comparisons.get("k-cli").ranking
    assert ranking is not None
    assert (ranking.groups, ranking.source) == ((("c2",), ("c0",), ("c1",)), "label-studio")
    assert codelynn("status").exit_code == 0
    store.close()


def test_a_server_that_is_away_is_one_line_and_exit_code_one(
    codelynn: Codelynn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODELYNN_LABEL_STUDIO_URL", f"http://127.0.0.1:{free_port()}")
    for word in ("push", "pull"):
        told = codelynn(word)
        assert (told.exit_code, len(told.stderr.strip().splitlines())) == (1, 1)
        assert "cannot be reached" in told.stderr
    assert codelynn("status").exit_code == 1


def test_without_a_server_the_way_to_one_is_named(
    codelynn: Codelynn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CODELYNN_LABEL_STUDIO_URL")
    told = codelynn("push")
    assert told.exit_code == 1
    assert "label-studio up" in told.stderr
