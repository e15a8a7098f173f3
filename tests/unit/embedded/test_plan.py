"""Which parts start for which settings."""

from pathlib import Path
from typing import Any

import pytest

from feedback_app.embedded.argilla import ArgillaLogin
from feedback_app.embedded.plan import LocalResources, Plan, make_plan
from feedback_app.settings import Settings

LOGIN = ArgillaLogin("owner", "a key", Path("/home/argilla.json"))
LOCAL = LocalResources(
    Path("/project"), 7860, Path("/valkey-server"), 6400, "secret", Path("/python"), 6900, LOGIN
)
WITHOUT_ARGILLA = LocalResources(Path("/project"), 7860, Path("/valkey-server"), 6400, "secret")


def plan(local: LocalResources = LOCAL, **changes: Any) -> Plan:
    return make_plan(Settings(home=Path("/data"), **changes), local)


def names(plan: Plan) -> list[str]:
    return [part.name for part in (*plan.first, *plan.main, *plan.later)]


def test_everything_is_embedded_by_default() -> None:
    assert names(plan()) == ["queue (Valkey)", "service", "rounds worker", "default worker", "Argilla"]


def test_an_address_replaces_the_embedded_part() -> None:
    made = plan(
        WITHOUT_ARGILLA, redis_url="redis://elsewhere/0", argilla_url="http://argilla", argilla_api_key="k"
    )
    assert names(made) == ["service", "rounds worker", "default worker"]
    assert made.addresses.redis_url == "redis://elsewhere/0"
    assert (made.addresses.argilla_url, made.addresses.argilla_api_key) == ("http://argilla", "k")


def test_the_parts_are_told_where_the_others_are() -> None:
    made = plan()
    for part in made.main:
        assert part.command.env["CODELYNN_HOME"] == "/data"
        assert part.command.env["CODELYNN_REDIS_URL"] == "redis://:secret@127.0.0.1:6400/0"
        assert part.command.env["CODELYNN_ARGILLA_URL"] == "http://127.0.0.1:6900"
        assert part.command.env["CODELYNN_ARGILLA_API_KEY"] == "a key"


def test_no_secret_is_on_a_command_line() -> None:
    made = plan()
    lines = [" ".join(part.command.argv) for part in (*made.first, *made.main, *made.later)]
    assert not any("secret" in line or "a key" in line for line in lines)


def test_only_argilla_may_fail() -> None:
    made = plan()
    assert all(part.needed for part in (*made.first, *made.main))
    assert not any(part.needed for part in made.later)


def test_one_worker_runs_rounds_one_at_a_time_and_one_ticks() -> None:
    rounds, ticks = plan().main[1:]
    assert "-c 1 -Q rounds" in " ".join(rounds.command.argv)
    assert "-B" not in rounds.command.argv
    assert "-B" in ticks.command.argv


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:7860"),
        ("0.0.0.0", "http://127.0.0.1:7860"),
        ("::1", "http://[::1]:7860"),
    ],
)
def test_the_address_printed_can_be_opened(host: str, address: str) -> None:
    assert plan(host=host).addresses.service == address


def test_argillas_jobs_have_a_database_of_their_own_and_no_password_in_an_argument() -> None:
    (argilla,) = [part for part in plan().later if part.name == "Argilla"]
    assert argilla.command.env["CODELYNN_ARGILLA_REDIS_URL"] == "redis://:secret@127.0.0.1:6400/1"
    assert not any("secret" in word for word in argilla.command.argv)
    elsewhere = [part for part in plan(redis_url="unix:///run/redis.sock").later if part.name == "Argilla"]
    assert "CODELYNN_ARGILLA_REDIS_URL" not in elsewhere[0].command.env
