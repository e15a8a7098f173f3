"""docker-compose.yml, its GPU override, the Dockerfile and env.example keep what docs/operations/team.md promises."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from feedback_app.settings import Settings
from tests.paths import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"
GPU = PROJECT / "deploy" / "docker-compose.gpu.yml"
DOCKERFILE = PROJECT / "deploy" / "docker" / "Dockerfile"
ENV_EXAMPLE = PROJECT / "deploy" / "env.example"

# `$$` is Compose's way to write a dollar sign for the container's own shell.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|OWNER_API_KEY|requirepass", re.IGNORECASE)
ONE_SHOT = {"migrate", "argilla-setup"}
PUBLISHED = {"app", "argilla"}


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read(COMPOSE)


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def secrets_asked_for() -> set[str]:
    return {m["name"] for m in VARIABLE.finditer(COMPOSE.read_text()) if m["rest"].startswith(":?")}


@pytest.mark.parametrize("path", [COMPOSE, GPU], ids=lambda path: path.name)
def test_the_file_is_valid_by_the_compose_specification(path: Path) -> None:
    schema = json.loads((PROJECT / "tests" / "data" / "compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(read(path))


def test_the_schema_refuses_a_misspelt_key(compose: dict[str, Any]) -> None:
    schema = json.loads((PROJECT / "tests" / "data" / "compose-spec.json").read_text())
    broken = {**compose, "services": {"app": {**compose["services"]["app"], "heathcheck": {}}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(broken)


def test_the_services_are_the_documented_ones(services: dict[str, dict[str, Any]]) -> None:
    argilla = {"argilla", "argilla-setup", "argilla-worker", "argilla-postgres", "elasticsearch"}
    assert set(services) == argilla | {"app", "worker", "desk", "beat", "migrate", "redis", "postgres"}


def test_every_lasting_service_restarts_and_is_health_checked(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name not in ONE_SHOT:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name


def test_one_shot_services_do_not_restart(services: dict[str, dict[str, Any]]) -> None:
    for name in ONE_SHOT:
        assert services[name]["restart"] == "no"


def test_dependencies_wait_for_a_condition_the_other_service_can_meet(
    services: dict[str, dict[str, Any]],
) -> None:
    for name, service in services.items():
        for other, need in service.get("depends_on", {}).items():
            finishes = need["condition"] == "service_completed_successfully"
            assert finishes == (other in ONE_SHOT), f"{name} -> {other}"


def test_the_app_starts_without_a_healthy_queue_or_argilla(services: dict[str, dict[str, Any]]) -> None:
    needs = services["app"]["depends_on"]
    assert needs["redis"]["condition"] == "service_started"
    assert not any(name.startswith("argilla") for name in needs)


def test_only_the_app_and_argilla_are_published_and_only_on_loopback(
    services: dict[str, dict[str, Any]],
) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(ports) == PUBLISHED
    for port in [port for listed in ports.values() for port in listed]:
        assert port.startswith("127.0.0.1:"), port


def test_only_published_services_reach_beyond_the_internal_networks(compose: dict[str, Any]) -> None:
    outside = {name for name, network in compose["networks"].items() if not network.get("internal")}
    for name, service in compose["services"].items():
        assert bool(outside & set(service["networks"])) == (name in PUBLISHED), name
        assert set(service["networks"]) <= set(compose["networks"]), name


def test_named_volumes_are_the_declared_ones(compose: dict[str, Any]) -> None:
    used = {v.split(":")[0] for s in compose["services"].values() for v in s.get("volumes", [])}
    assert used == set(compose["volumes"])


def test_every_service_is_limited_and_gains_no_privileges(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert "mem_limit" in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name


def test_our_own_containers_are_read_only_without_capabilities(services: dict[str, dict[str, Any]]) -> None:
    for name in ("app", "worker", "desk", "beat", "migrate", "redis"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]


def test_rounds_run_one_at_a_time_with_time_to_stop(services: dict[str, dict[str, Any]]) -> None:
    command = services["worker"]["command"]
    assert command[command.index("-Q") + 1] == "rounds"
    assert "--concurrency=1" in command
    assert services["worker"]["stop_grace_period"] == "3m"


def test_the_queue_is_durable_and_refuses_rather_than_forgets(services: dict[str, dict[str, Any]]) -> None:
    script = services["redis"]["command"][-1]
    for setting in (
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
        "requirepass $$",
    ):
        assert setting in script


def test_secrets_have_no_default_and_say_what_to_do() -> None:
    for path in (COMPOSE, GPU):
        for match in VARIABLE.finditer(path.read_text()):
            if SECRET.search(match["name"]):
                assert match["rest"] == f":?set {match['name']} in .env", match[0]


def test_no_environment_value_is_a_literal_password(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key):
                assert VARIABLE.fullmatch(str(value)), f"{name}: {key}"
            credentials = re.search(r"://[^/@]*:(?P<password>[^/@]*)@", VARIABLE.sub("<secret>", str(value)))
            assert credentials is None or credentials["password"] == "<secret>", f"{name}: {key}"


def test_env_example_lists_every_variable_and_holds_no_secret() -> None:
    lines = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", ENV_EXAMPLE.read_text(), re.MULTILINE))
    used = {m["name"] for path in (COMPOSE, GPU) for m in VARIABLE.finditer(path.read_text())}
    assert set(lines) == used
    assert secrets_asked_for() == {name for name in used if SECRET.search(name)}
    assert all(lines[name] == "" for name in secrets_asked_for())


@pytest.mark.parametrize("path", [COMPOSE, GPU, DOCKERFILE, ENV_EXAMPLE], ids=lambda path: path.name)
def test_every_codelynn_variable_is_a_setting(path: Path) -> None:
    names = set(re.findall(r"\bCODELYNN_([A-Z_]+)", path.read_text()))
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_the_gpu_override_changes_known_services_and_builds_one_image(
    services: dict[str, dict[str, Any]],
) -> None:
    override = read(GPU)["services"]
    assert set(override) == {name for name, service in services.items() if "build" in service}
    assert {(s["image"], s["build"]["target"]) for s in override.values()} == {("codelynn:cuda", "cuda")}
    for name in ("app", "worker"):
        (device,) = override[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device["capabilities"] == ["gpu"]


def test_the_image_has_both_targets_a_health_check_and_no_root() -> None:
    text = DOCKERFILE.read_text()
    stages = re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE)
    assert stages[-2:] == ["cuda", "cpu"]
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001:10001"]
    assert re.search(r"^HEALTHCHECK .*/app/health\.py", text, re.MULTILINE)
    assert re.search(r"^ARG TORCH_INDEX$", text, re.MULTILINE)


def test_images_are_pinned_and_name_no_registry_host(services: dict[str, dict[str, Any]]) -> None:
    stages = set(re.findall(r" AS (\S+)$", DOCKERFILE.read_text(), re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)) - stages
    for image in bases | {service["image"] for service in services.values()}:
        name, tag = image.split(":")
        assert tag != "latest"
        assert "." not in name.split("/")[0], image


def test_what_the_image_copies_is_sent_to_the_builder_and_secrets_are_not() -> None:
    rules = (PROJECT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
    for path in " ".join(copied).split():
        assert f"!{path}" in rules, path
    assert rules[1] == "*"
    assert "**/.env*" in rules


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server on loopback that answers `/health/ready` with `status`; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def health_exit(port: int) -> int:
    environment = {**os.environ, "CODELYNN_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    script = PROJECT / "deploy" / "docker" / "health.py"
    return subprocess.run(
        [sys.executable, "-I", "-S", script], env=environment, capture_output=True, timeout=30
    ).returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_the_health_check_passes_only_on_200_and_ignores_proxies(status: int, code: int) -> None:
    with answering(status) as port:
        assert health_exit(port) == code


def test_the_health_check_fails_when_nothing_listens() -> None:
    with answering(200) as port:
        pass
    assert health_exit(port) == 1
