"""Commands, settings, tasks and queues that others hold on to: each of version 0.1 is still there; new ones may come."""

import json
from typing import Any

import pytest

from feedback_app.settings import load_settings
from tests.versions import names
from tests.versions.parts import PROJECT

BEFORE: dict[str, Any] = json.loads(
    (PROJECT / "tests/data/version-0.1/names.json").read_text(encoding="utf-8")
)


def test_every_command_still_takes_what_it_took() -> None:
    now = names.commands()
    lost = {name: sorted(set(words) - set(now.get(name, []))) for name, words in BEFORE["commands"].items()}
    assert {name for name in BEFORE["commands"] if name not in now} == set()
    assert {name: words for name, words in lost.items() if words} == {}


def test_every_setting_is_still_read_with_the_value_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sorted(set(BEFORE["settings"]) - set(names.settings())) == []
    for name, value in BEFORE["settings"].items():
        monkeypatch.setenv(name, "" if value == "none" else value)
    read = load_settings()
    for name in BEFORE["settings"]:
        assert name.removeprefix("CODELYNN_").lower() in read.model_fields_set, name


def test_every_task_is_still_known_and_goes_to_the_same_queue() -> None:
    now, before = names.celery(), BEFORE["celery"]
    assert sorted(set(before["tasks"]) - set(now["tasks"])) == []
    assert (now["routes"] | before["routes"], now["default_queue"]) == (
        now["routes"],
        before["default_queue"],
    )
    assert sorted(set(before["schedule"].values()) - set(now["schedule"].values())) == []
