"""Every error that may reach a user is an AppError: with an HTTP status, an exit code and one form per edge."""

import asyncio
import json
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from inspect import isclass

import gradio as gr
import httpx
import pytest
import typer
from fastapi import FastAPI
from starlette.requests import Request

import feedback_app
from feedback_app.api.errors import install
from feedback_app.api.openai.errors import refusal
from feedback_app.commands import common
from feedback_app.commands.client import check
from feedback_app.commands.common import reported_errors
from feedback_app.domain.comparison import InvalidPrompt, PromptTooLong
from feedback_app.domain.round import InvalidRound
from feedback_app.engines.base import EngineBusy, EngineUnavailable, UnknownModel
from feedback_app.errors import FAILED, WRONG_USE, AppError, Conflict, Unavailable
from feedback_app.formats.errors import ImportRefused, LineError
from feedback_app.services.chat.chat import Busy
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.store import ConversationNotFound
from feedback_app.ui.shared.guard import guarded
from tests.unit.ui.gradio_workarounds.loops import in_a_loop

CAUGHT = {
    "BadRecord",  # collected with the other bad lines of its file
    "Cancelled",  # ends an import that its owner stopped
    "Held",  # becomes AlreadyRunning
    "NotJson",
    "UnusableAnnotation",  # becomes one of a desk's problems
    "StaleFence",  # ends a worker that lost its round
    "TooLong",  # becomes PromptTooLong
    "Unfit",  # becomes a 422 at the edge, or a bad line
    "Unusual",  # a row that is then read with care
}
"""Errors that feedback_app always catches itself."""


def exception_classes() -> Iterator[type[Exception]]:
    for module in pkgutil.walk_packages(feedback_app.__path__, "feedback_app."):
        if "migrations" in module.name or module.name.endswith("__main__"):
            continue
        for one in vars(import_module(module.name)).values():
            if isclass(one) and issubclass(one, Exception) and one.__module__ == module.name:
                yield one


CLASSES = sorted(exception_classes(), key=lambda one: f"{one.__name__} {one.__module__}")
PUBLIC = [one for one in CLASSES if not one.__name__.startswith("_")]


@pytest.mark.parametrize("error", PUBLIC, ids=lambda error: f"{error.__module__}.{error.__name__}")
def test_an_error_that_may_reach_a_user_has_a_status_and_an_exit_code(error: type[Exception]) -> None:
    if not issubclass(error, AppError):
        assert error.__name__ in CAUGHT, f"derive {error.__name__} from AppError"
        return
    assert 400 <= error.status < 600
    assert error.exit_code in (FAILED, WRONG_USE)
    assert error.retryable == (error.status in (429, 503))


@pytest.mark.parametrize(
    "error",
    [one for one in PUBLIC if issubclass(one, AppError) and one.__module__.split(".")[1] != "commands"],
)
def test_the_client_ends_a_command_with_the_exit_code_of_the_error_that_the_service_answered(
    error: type[AppError],
) -> None:
    answer = httpx.Response(error.status, json={"detail": "why", "code": error.code()})
    with pytest.raises(AppError) as raised:
        check(answer)
    assert raised.value.exit_code == error.exit_code


def answered(error: AppError) -> tuple[int, dict[str, object], str | None]:
    app = FastAPI()
    install(app)
    request = Request({"type": "http", "headers": []})
    with ThreadPoolExecutor(1) as pool:  # this thread may have a running loop of Playwright's
        handled = app.exception_handlers[AppError](request, error)
        response = pool.submit(lambda: asyncio.run(handled)).result()  # type: ignore[arg-type]
    return response.status_code, json.loads(response.body), response.headers.get("Retry-After")


def test_the_api_answers_status_line_code_and_details() -> None:
    assert answered(Busy("wait")) == (409, {"detail": "wait", "code": "busy"}, None)
    assert answered(ConversationNotFound("none"))[0] == 404
    assert answered(InvalidRound("no pairs"))[1] == {"detail": "no pairs", "code": "invalid_round"}
    status, body, _ = answered(ImportRefused([LineError(3, "`prompt` is missing")], 1))
    assert (status, body["bad_lines"]) == (422, 1)
    assert body["errors"] == [{"line": 3, "reason": "`prompt` is missing"}]


def test_the_api_says_when_to_try_again() -> None:
    busy = EngineBusy("full", 7, 429)
    assert answered(busy) == (429, {"detail": "full", "code": "engine_busy"}, "7")
    assert answered(GenerationFailed("full", busy)) == (
        429,
        {"detail": "full", "code": "generation_failed"},
        "7",
    )
    assert answered(GenerationFailed("broken"))[::2] == (503, "5")


@pytest.mark.parametrize(
    ("error", "status", "code", "kind", "param"),
    [
        (UnknownModel("none"), 404, "model_not_found", "invalid_request_error", "model"),
        (PromptTooLong("long"), 400, "context_length_exceeded", "invalid_request_error", "messages"),
        (InvalidPrompt("empty"), 400, "invalid_value", "invalid_request_error", "messages"),
        (EngineBusy("full", 7), 503, "engine_busy", "server_error", None),
        (EngineBusy("full", 7, 429), 429, "rate_limit_exceeded", "requests", None),
        (EngineUnavailable("a path"), 503, "engine_unavailable", "server_error", None),
        (Conflict("not now"), 409, "conflict", "invalid_request_error", None),
        (AppError("internal"), 500, "internal_error", "server_error", None),
        (KeyError("internal"), 500, "internal_error", "server_error", None),
    ],
)
def test_the_openai_form_has_status_code_type_and_field(
    error: Exception, status: int, code: str, kind: str, param: str | None
) -> None:
    answer = refusal(error)
    told = answer.body["error"]
    assert (answer.status, told["code"], told["type"], told["param"]) == (status, code, kind, param)
    assert answer.headers.get("Retry-After") == ("7" if isinstance(error, EngineBusy) else None)
    assert "internal" not in told["message"]
    assert "a path" not in told["message"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConversationNotFound("x"), 2),
        (Busy("x"), 1),
        (Unavailable("x"), 1),
        (InvalidRound("x"), 2),
        (FileNotFoundError(2, "No such file", "a.jsonl"), 1),
    ],
)
def test_a_command_ends_with_one_line_and_the_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(common, "complain", lines.append)
    with pytest.raises(typer.Exit) as ended, reported_errors():
        raise error
    assert ended.value.exit_code == code
    assert lines == ["a.jsonl: no such file" if isinstance(error, OSError) else "x"]


def test_a_page_shows_the_error_in_its_line() -> None:
    def act() -> dict[object, object]:
        raise Busy("the last message is still being answered")

    line = in_a_loop(lambda: gr.HTML(render=False))
    shown = guarded(line, act)()
    assert "The last message is still being answered" in str(shown[line])
