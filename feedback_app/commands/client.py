"""The commands' side of the HTTP API: they talk to the service that runs on HOME."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from feedback_app.commands.common import complain, settings_in_force
from feedback_app.embedded.running_services import read_service
from feedback_app.errors import WRONG_USE, AppError, Unavailable
from feedback_app.settings import Settings

PATIENCE = httpx.Timeout(600, connect=5)
LIVE_SECONDS = 5.0
NOT_RUNNING = "codeLynn is not running: start it with `codelynn up`"
CALLERS_FAULT = frozenset({400, 404, 413, 415, 422})
MISTAKES = frozenset({"invalid_round", "nothing_to_roll_back"})
NO_MISTAKES = frozenset({"nothing_to_choose_by", "import_refused", "unusable_lines"})
"""Codes of answers whose status alone does not say whether the command was wrong, or right but without success."""


class NotRunning(Unavailable, RuntimeError):
    """No service answers on this HOME; the message says how to start one."""


class Refused(AppError, RuntimeError):
    """The service could not do it; its own line says why. `errors` are the bad lines of a file."""

    def __init__(self, told: str, errors: Sequence[str] = ()) -> None:
        super().__init__(told)
        self.errors = errors


class Mistaken(AppError, LookupError):
    """The service does not know what was asked for, or does not understand it; its own line says what to do."""

    exit_code = WRONG_USE


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """Calls of the API. All raise Mistaken, Refused and NotRunning."""

    http: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, query)

    def post(self, path: str, body: object = None, **query: Any) -> Any:
        return self.call("POST", path, query, body)

    def call(self, method: str, path: str, query: dict[str, Any], body: object = None) -> Any:
        """The answer's JSON. What is None is left out of the query; so is the body."""
        more: dict[str, Any] = {} if body is None else {"json": body}
        with connection_errors():
            answer = self.http.request(method, f"/api/v1{path}", params=_given(query), **more)
        check(answer)
        return answer.json() if answer.content else None

    def send(self, path: str, content: Iterator[bytes], media: str, **query: Any) -> Any:
        """A file as the body, piece by piece; the answer's JSON."""
        kind = {"Content-Type": media}
        with connection_errors():
            answer = self.http.post(f"/api/v1{path}", params=_given(query), content=content, headers=kind)
        check(answer)
        return answer.json()

    @contextmanager
    def opened(self, method: str, path: str, body: object = None, **query: Any) -> Iterator[httpx.Response]:
        """An answer that is read while it comes; the connection is closed with the block."""
        more: dict[str, Any] = {} if body is None else {"json": body}
        with (
            connection_errors(),
            self.http.stream(method, f"/api/v1{path}", params=_given(query), **more) as answer,
        ):
            if answer.is_error:
                answer.read()
            check(answer)
            yield answer

    @contextmanager
    def scored(self, content: Iterator[bytes], media: str, name: str) -> Iterator[Iterator[str]]:
        """The lines that come back for those that are sent to a reward model."""
        kind = {"Content-Type": media}
        path = "/api/v1/rewards/score"
        with (
            connection_errors(),
            self.http.stream("POST", path, params={"name": name}, content=content, headers=kind) as answer,
        ):
            if answer.is_error:
                answer.read()
            check(answer)
            yield answer.iter_lines()

    def events(self, method: str, path: str, body: object = None, **query: Any) -> Iterator[Event]:
        """Server-sent events, until the service ends them."""
        with self.opened(method, path, body, **query) as answer:
            name = ""
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield Event(name, json.loads(value))


@contextmanager
def connection_errors() -> Iterator[None]:
    """Trouble with the connection in words."""
    try:
        yield
    except UnicodeEncodeError as error:  # an argument that the shell gave in another encoding
        raise Mistaken("this is not UTF-8 text: check the words after the command") from error
    except httpx.ConnectError as error:
        raise NotRunning(NOT_RUNNING) from error
    except httpx.TimeoutException as error:
        raise Refused("the service does not answer: see its log, logs/service.log in HOME") from error
    except httpx.TransportError as error:
        raise Refused(
            "the service broke the connection off: see its log, logs/service.log in HOME"
        ) from error


def check(answer: httpx.Response) -> None:
    """Raises Mistaken or Refused where the answer is an error."""
    if not answer.is_error:
        return
    try:
        told = dict(answer.json())
    except ValueError:
        told = {}
    detail = str(
        told.get("detail") or f"the service answered {answer.status_code}: see logs/service.log in HOME"
    )
    if answer.status_code == 401:
        raise Refused("the service asks for its access token: set CODELYNN_ACCESS_TOKEN to it")
    code = told.get("code")
    if code in MISTAKES or (answer.status_code in CALLERS_FAULT and code not in NO_MISTAKES):
        raise Mistaken(detail)
    bad = [f"line {one['line']}: {one['reason']}" for one in told.get("errors", []) if "line" in one]
    raise Refused(detail, bad)


def running_service(settings: Settings) -> Service | None:
    """The service that runs on HOME, or at SERVICE_URL; None where none answers."""
    address = settings.service_url or read_service(settings.root)
    if not address:
        return None
    service = Service(client(address, settings.access_token))
    if alive(service):
        return service
    service.http.close()
    return None


def client(address: str, token: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Without proxies from the environment: the service is on this machine, or is named."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(
        base_url=address.rstrip("/"), headers=headers, timeout=PATIENCE, trust_env=False, transport=transport
    )


def alive(service: Service) -> bool:
    """Whether a codeLynn answers there. One that is busy counts as alive."""
    try:
        answer = service.http.get("/health/live", timeout=LIVE_SECONDS)
        return bool(answer.status_code == 200 and answer.json().get("status") == "alive")
    except httpx.ReadTimeout:
        return True
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


@contextmanager
def service_or_own(offline: bool) -> Iterator[Service]:
    """The service that runs; with `offline`, where none runs, one in this process, model and all. Raises NotRunning."""
    settings = settings_in_force()
    service = running_service(settings)
    if service is not None:
        with closing(service.http):
            yield service
    elif offline:
        from feedback_app.commands.in_process import alone

        with alone(settings, live=True) as own:
            yield own
    else:
        raise NotRunning(f"{NOT_RUNNING}, or chat without it: `codelynn chat --offline`")


@contextmanager
def connected() -> Iterator[Service]:
    """The service that runs; where none does, the API on the data of HOME, in this process. That is said at the end, and not
    where an error is said already."""
    settings = settings_in_force()
    service = running_service(settings)
    if service is not None:
        with closing(service.http):
            yield service
        return
    if settings.service_url:
        raise NotRunning(f"no codeLynn answers at {settings.service_url}: check CODELYNN_SERVICE_URL")
    from feedback_app.commands.in_process import alone

    with alone(settings) as own:
        yield own
    complain(f"codeLynn is not running; this worked on {settings.root} without it")


def path_part(given: str) -> str:
    """An id or a name as one part of a path. Raises Mistaken for what can be none."""
    if given in ("", ".", "..") or "/" in given:
        raise Mistaken(f"{given!r} is no id and no name")
    return quote(given)


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}
