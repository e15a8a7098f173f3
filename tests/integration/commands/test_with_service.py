"""The commands against a service that runs: what they print, their exit codes, errors in one line."""

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.integration.commands.conftest import Run, Running

pytestmark = pytest.mark.integration


def pair(prompt: str) -> dict[str, object]:
    turn = [{"role": "user", "content": prompt}]
    return {
        "prompt": turn,
        "chosen": [{"role": "assistant", "content": "Good."}],
        "rejected": [{"role": "assistant", "content": "Bad."}],
    }


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(pair(f"Question {i}")) + "\n" for i in range(12)))
    return file


def test_status_asks_the_service_and_its_parts(running: Running, codelynn: Run) -> None:
    told = codelynn("status")
    assert told.exit_code == 0, told.output
    assert f"answers at {running.url}" in told.stdout
    assert re.search(r"workers +│ NO", told.stdout)
    assert re.search(r"redis +│ NO", told.stdout)


def test_another_service_on_the_port_is_not_taken_for_ours(
    running: Running, codelynn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODELYNN_HOME", str(tmp_path / "other"))
    told = codelynn("status")
    assert told.exit_code == 1
    assert re.search(r"service +│ NO", told.stdout)
    assert "start it with `codelynn up`" in told.stdout


def test_a_service_is_found_by_its_address_and_one_that_is_away_is_said(
    running: Running, codelynn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODELYNN_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("CODELYNN_SERVICE_URL", running.url)
    assert codelynn("round", "list").exit_code == 0
    monkeypatch.setenv("CODELYNN_SERVICE_URL", "http://127.0.0.1:1")
    away = codelynn("round", "list")
    assert (away.exit_code, away.stdout) == (1, "")
    assert away.stderr == "codelynn: no codeLynn answers at http://127.0.0.1:1: check CODELYNN_SERVICE_URL\n"


def test_data_goes_in_and_comes_out(codelynn: Run, pairs: Path, tmp_path: Path) -> None:
    first = codelynn("import", str(pairs))
    assert first.exit_code == 0, first.output
    assert re.fullmatch(r"format trl: 12 pairs\nadded \d+, already there \d+\n", first.stdout)
    again = codelynn("import", "--format", "trl", str(pairs)).stdout
    assert again == "format trl: 12 pairs\nadded 0, already there 12\n"
    out = codelynn("export")
    assert [json.loads(line)["prompt"] for line in out.stdout.splitlines()][-1] == pair("Question 11")[
        "prompt"
    ]
    target = tmp_path / "out.jsonl"
    assert codelynn("export", "--format", "rankings", "--output", str(target)).exit_code == 0
    assert len(target.read_text().splitlines()) >= 12


def test_a_refused_file_names_its_lines_and_nothing_is_stored(codelynn: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(json.dumps(pair("Fine")) + '\n{"prompt": 1}\n')
    refused = codelynn("import", "--format", "trl", str(file))
    assert (refused.exit_code, refused.stdout) == (1, "")
    first, last = refused.stderr.splitlines()
    assert first.startswith("line 2: ")
    assert last.startswith("codelynn: nothing was imported: line 2: ")
    assert codelynn("rankings", "find", "Fine").stdout == ""
    unknown = codelynn("export", "--format", "nonsense")
    assert (unknown.exit_code, len(unknown.stderr.splitlines())) == (2, 1)


def test_short_ids_are_enough_and_unknown_ones_are_wrong_use(codelynn: Run, pairs: Path) -> None:
    codelynn("import", "--format", "trl", str(pairs))
    (whole,) = codelynn("rankings", "find", "Question 7").stdout.split()
    assert codelynn("rankings", "take-out", whole[:8]).stdout == "excluded: 1\n"
    assert codelynn("rankings", "find", "Question 7", "--verdict", "taken out").stdout.split() == [whole]
    assert codelynn("rankings", "bring-back", whole[:8]).stdout == "included again: 1\n"
    nobody = codelynn("rankings", "take-out", "zzz")
    assert (nobody.exit_code, nobody.stderr) == (2, "codelynn: there is no comparison zzz\n")
    gone = codelynn("rankings", "delete", whole[:8], "--yes")
    assert gone.stdout == "deleted: 1\n"


def test_rounds_say_their_place_and_are_found_by_the_id_that_is_shown(codelynn: Run, pairs: Path) -> None:
    codelynn("import", "--format", "trl", str(pairs))
    first = codelynn("round", "queue")
    assert first.exit_code == 0, first.output
    place = first.stdout.splitlines()[0]
    shown = re.fullmatch(r"queued ([0-9a-f]{8}) \(dpo\): it is next", place)
    assert shown is not None
    assert "the first round may take up to" in first.stdout
    second = codelynn("round", "queue", "--set", "epochs=1")
    assert "number 2 in the queue" in second.stdout
    assert shown[1] in codelynn("round", "list").stdout
    assert codelynn("round", "show", shown[1]).stdout.splitlines()[1] == "it is next"
    assert "number 2 in the queue" in codelynn("round", "show").stdout
    for name in (shown[1], "last"):
        assert codelynn("round", "cancel", name).stdout.endswith("is cancelled\n")
    assert codelynn("round", "resume", shown[1]).stdout == "queued\n"
    assert codelynn("round", "cancel", shown[1]).exit_code == 0


def test_wrong_rounds_are_wrong_use(codelynn: Run, pairs: Path) -> None:
    codelynn("import", "--format", "trl", str(pairs))
    for words in (["--set", "bta=1"], ["--set", "beta"], ["--method", "magic"], ["--parent", "nobody"]):
        told = codelynn("round", "queue", *words)
        assert (told.exit_code, len(told.stderr.splitlines())) == (2, 1), words
    assert codelynn("round", "show", "zzz").exit_code == 2


def test_versions_are_listed_with_their_base_model(codelynn: Run) -> None:
    told = codelynn("checkpoint", "list")
    assert told.exit_code == 0, told.output
    assert re.search(r"base +│ champion, latest .*tiny", told.stdout)
    assert codelynn("checkpoint", "promote", "nobody").exit_code == 2
    assert "no promotion" in codelynn("checkpoint", "rollback").stderr.lower() or codelynn(
        "checkpoint", "rollback"
    ).exit_code in (1, 2)


def test_commands_that_find_nothing_say_what_makes_it(codelynn: Run) -> None:
    assert "rank replies in the arena" in codelynn("leaderboard").stdout
    assert json.loads(codelynn("leaderboard", "--json").stdout)["standings"] == []
    assert "no snapshot yet" in codelynn("snapshots").stdout
    assert "codelynn reward train" in codelynn("reward", "list").stdout
    assert codelynn("reward", "evaluate").stderr == (
        "codelynn: there is no reward model yet: train one: codelynn reward train\n"
    )


def test_text_that_is_not_utf_8_is_refused_in_one_line(running: Running) -> None:
    told = running.command("rankings", "find", "a\udc80")
    assert (told.returncode, len(told.stderr.splitlines())) == (2, 1)


def test_every_new_route_answers_and_is_described(running: Running) -> None:
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        for path in (
            "status",
            "base",
            "aliases",
            "desks",
            "agreement",
            "personas",
            "rewards",
            "conversations",
        ):
            assert client.get(f"/api/v1/{path}").status_code == 200, path
        assert client.get("/api/v1/rounds/estimate").json()["seconds"] > 0
        assert client.get("/api/v1/export/sizes").json()["trl"]["left_out"] == 0
        assert client.post("/api/v1/desks/nobody/resend").status_code == 404
        wrong = client.get("/api/v1/rounds/nothing")
        assert (wrong.status_code, wrong.json()["code"]) == (404, "round_not_found")
        plain = client.post("/api/v1/rewards/score", content=b"{}", headers={"Content-Type": "text/plain"})
        assert plain.status_code == 415
