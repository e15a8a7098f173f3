"""The public names: routes with their fields, commands with their options, settings, tasks and queues."""

import json
import re
import runpy
import subprocess
import sys
from typing import Any

import httpx

from tests.versions.parts import PROJECT

CELERY = """
import json
from workers.app import app
from workers import tasks
print(json.dumps({
    "tasks": sorted(name for name in app.tasks if name.startswith("workers.")),
    "routes": {name: route["queue"] for name, route in app.conf.task_routes.items()},
    "default_queue": app.conf.task_default_queue,
    "schedule": {name: entry["task"] for name, entry in app.conf.beat_schedule.items()},
    "app": app.main,
}))
"""
PAGES = (
    *("/", "/chat", "/rounds", "/reward", "/leaderboard", "/data", "/settings"),
    *("/?c=1", "/chat?c=1", "/rounds?c=1&before=1", "/chat/", "/rounds/"),
    *("/docs", "/openapi.json", "/metrics", "/health/live", "/health/ready", "/login", "/favicon.ico"),
)
COMMAND = re.compile(r"^## `codelynn (.+)`$", re.M)
OPTION = re.compile(r"^\| `(.+?)` \|", re.M)
SETTING = re.compile(r"^\| `(CODELYNN_\w+)` \| (?:`(.*?)`|empty) \|", re.M)


def commands() -> dict[str, list[str]]:
    """Each command with its arguments and options, including old names, from the generated page."""
    page = runpy.run_path(str(PROJECT / "deploy" / "cli_page.py"))["page"](hidden=True)
    _, *parts = COMMAND.split(page)
    return {
        name: [word for row in OPTION.findall(text) for word in row.split(", ")]
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def settings() -> dict[str, str]:
    """Each setting with its default, from the generated table."""
    table = runpy.run_path(str(PROJECT / "deploy" / "settings_table.py"))["table"]()
    return dict(SETTING.findall(table))


def celery() -> dict[str, Any]:
    """Tasks and queues as a worker knows them, in a separate process because importing the app creates it."""
    told = subprocess.run(
        [sys.executable, "-c", CELERY], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return dict(json.loads(told.stdout))


def pages(client: httpx.Client) -> dict[str, int]:
    """Addresses that people and monitors use, with the result after redirects."""
    return {path: client.get(path, follow_redirects=True).status_code for path in PAGES}


def routes(openapi: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Each call of the API with the parameters it takes, the fields of its body, which of both it needs, and the fields of its answer."""
    return {
        f"{method.upper()} {path}": _call(call, openapi)
        for path, calls in openapi["paths"].items()
        for method, call in calls.items()
    }


def _call(call: dict[str, Any], openapi: dict[str, Any]) -> dict[str, list[str]]:
    parameters = call.get("parameters", [])
    body = _schema(call.get("requestBody", {}), openapi)
    needed = [one["name"] for one in parameters if one.get("required")] + body.get("required", [])
    good = [answer for code, answer in call["responses"].items() if code.startswith("2")]
    return {
        "codes": sorted(code for code in call["responses"] if code.startswith("2")),
        "takes": sorted([one["name"] for one in parameters] + list(body.get("properties", {}))),
        "needs": sorted(needed),
        "answers": sorted({name for one in good for name in _schema(one, openapi).get("properties", {})}),
    }


def _schema(part: dict[str, Any], openapi: dict[str, Any]) -> dict[str, Any]:
    """The schema of the JSON in a request or an answer; of a list, that of what it lists."""
    found = part.get("content", {}).get("application/json", {}).get("schema", {})
    found = found.get("items", found)
    if "$ref" in found:
        found = openapi["components"]["schemas"][found["$ref"].rsplit("/", 1)[1]]
    return dict(found)
