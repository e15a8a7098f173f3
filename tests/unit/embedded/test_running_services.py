"""Running services, their configuration, and restarts."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from feedback_app.embedded import argilla
from feedback_app.embedded.plan import Addresses
from feedback_app.embedded.running_services import (
    AlreadyRunning,
    read_services,
    services_file,
    sole_owner,
    with_embedded,
    write_services,
)
from feedback_app.embedded.supervisor import backoff, ending
from feedback_app.embedded.valkey import write_config
from feedback_app.settings import Settings

WHERE = Addresses("http://127.0.0.1:7860", "redis://:secret@127.0.0.1:1/0", "http://127.0.0.1:6900", "key")


def private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def test_valkey_listens_on_loopback_with_a_password_and_keeps_what_it_has(tmp_path: Path) -> None:
    config = write_config(tmp_path / "run" / "valkey.conf", tmp_path / "valkey", 6400, "secret")
    lines = config.read_text().splitlines()
    assert {"bind 127.0.0.1", "port 6400", "requirepass secret", "appendonly yes"} <= set(lines)
    assert {"appendfsync everysec", "maxmemory-policy noeviction", f'dir "{tmp_path / "valkey"}"'} <= set(
        lines
    )
    assert private(config)


def test_argillas_login_is_made_once_and_follows_the_workspace(tmp_path: Path) -> None:
    file = tmp_path / "argilla.json"
    first = argilla.login(file, "one")
    assert argilla.login(file, "two") == replace(first, fresh_password="")
    assert first.fresh_password == json.loads(file.read_text())["password"]
    kept = json.loads(file.read_text())
    assert (kept["workspace"], kept["username"], kept["api_key"]) == ("two", first.username, first.api_key)
    assert len(kept["password"]) >= 8
    assert private(file)


def test_commands_find_the_running_parts_and_settings_come_first(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_url="redis://mine/0")
    assert with_embedded(settings) == settings
    write_services(tmp_path.resolve(), WHERE)
    found = with_embedded(settings)
    assert (found.redis_url, found.argilla_url, found.argilla_api_key) == (
        "redis://mine/0",
        WHERE.argilla_url,
        WHERE.argilla_api_key,
    )
    assert private(services_file(tmp_path))


def test_addresses_of_a_process_that_is_gone_are_not_believed(tmp_path: Path) -> None:
    write_services(tmp_path, WHERE)
    content = json.loads(services_file(tmp_path).read_text())
    services_file(tmp_path).write_text(json.dumps(content | {"pid": 2**22 + 1}))
    assert read_services(tmp_path) is None


def test_a_home_has_one_owner_and_the_second_is_told_who(tmp_path: Path) -> None:
    with sole_owner(tmp_path):
        write_services(tmp_path, WHERE)
        with pytest.raises(AlreadyRunning, match=rf"7860 \(process {os.getpid()}\)"), sole_owner(tmp_path):
            pass
    with sole_owner(tmp_path):
        assert read_services(tmp_path) is None


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 30), (50, 30)])
def test_waiting_before_a_restart_doubles_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert backoff(failures) == seconds


def test_endings_in_words() -> None:
    assert (ending(3), ending(-9)) == ("exit code 3", "signal 9")
