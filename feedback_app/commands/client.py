"""The HTTP client of the commands, which call the service that runs on HOME."""

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
"""Codes of errors whose exit code does not follow from the status; `tests/unit/test_errors.py` holds them against `AppError.exit_code`."""


class NotRunning(Unavailable, RuntimeError):
    """No service runs on this HOME; the message says how to start one."""


class Refused(AppError, RuntimeError):
    """The service could not carry out the request; the message is its own. `errors` are the invalid lines of a file."""

    def __init__(self, message: str, errors: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class Mistaken(AppError, LookupError):
    """The request was wrong or names something unknown; the message is the service's own."""

    exit_code = WRONG_USE


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """Calls of the API. All raise Mistaken, Refused or NotRunning."""

    http: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, query)

    def post(self, path: str, body: object = None, **query: Any) -> Any:
        return self.call("POST", path, query, body)

    def call(self, method: str, path: str, query: dict[str, Any], body: object = None) -> Any:
        """The answer's JSON. Query values and a body that are None are left out."""
        more: dict[str, Any] = {} if body is None else {"json": body}
        with connection_errors():
            answer = self.http.request(method, f"/api/v1{path}", params=_without_empty(query), **more)
        check(answer)
        return answer.json() if answer.content else None

    def send(self, path: str, content: Iterator[bytes], media: str, **query: Any) -> Any:
        """Send a file in pieces. Returns the answer's JSON."""
        kind = {"Content-Type": media}
        with connection_errors():
            answer = self.http.post(
                f"/api/v1{path}", params=_without_empty(query), content=content, headers=kind
            )
        check(answer)
        return answer.json()

    @contextmanager
    def opened(self, method: str, path: str, body: object = None, **query: Any) -> Iterator[httpx.Response]:
        """A streamed answer. The connection is closed at the end of the block."""
        more: dict[str, Any] = {} if body is None else {"json": body}
        with (
            connection_errors(),
            self.http.stream(method, f"/api/v1{path}", params=_without_empty(query), **more) as answer,
        ):
            if answer.is_error:
                answer.read()
            check(answer)
            yield answer

    @contextmanager
    def scored(self, content: Iterator[bytes], media: str, name: str) -> Iterator[Iterator[str]]:
        """Send lines to a reward model and stream its answers."""
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
        """Server-sent events, until the service ends the stream."""
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
    """Convert errors of the connection. Raises Mistaken, Refused or NotRunning."""
    try:
        yield
    except UnicodeEncodeError as error:  # an argument in another encoding
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
    """Raises Mistaken or Refused if the answer is an error."""
    if not answer.is_error:
        return
    try:
        fields = dict(answer.json())
    except ValueError:
        fields = {}
    detail = str(
        fields.get("detail") or f"the service answered {answer.status_code}: see logs/service.log in HOME"
    )
    if answer.status_code == 401:
        raise Refused("the service asks for its access token: set CODELYNN_ACCESS_TOKEN to it")
    code = fields.get("code")
    if code in MISTAKES or (answer.status_code in CALLERS_FAULT and code not in NO_MISTAKES):
        raise Mistaken(detail)
    bad = [f"line {one['line']}: {one['reason']}" for one in fields.get("errors", []) if "line" in one]
    raise Refused(detail, bad)


def running_service(settings: Settings) -> Service | None:
    """The service that runs on HOME or at SERVICE_URL; None if none answers."""
    address = settings.service_url or read_service(settings.root)
    if not address:
        return None
    service = Service(client(address, settings.access_token))
    if alive(service):
        return service
    service.http.close()
    return None


def client(address: str, token: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that ignores proxies of the environment: the service is on this machine or its address is set."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(
        base_url=address.rstrip("/"), headers=headers, timeout=PATIENCE, trust_env=False, transport=transport
    )


def alive(service: Service) -> bool:
    """Whether codeLynn answers. A busy service counts as alive."""
    try:
        answer = service.http.get("/health/live", timeout=LIVE_SECONDS)
        return bool(answer.status_code == 200 and answer.json().get("status") == "alive")
    except httpx.ReadTimeout:
        return True
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


@contextmanager
def service_or_own(offline: bool) -> Iterator[Service]:
    """The running service; if none runs and `offline` is set, one in this process that loads the model. Raises NotRunning."""
    settings = settings_in_force()
    service = running_service(settings)
    if service is not None:
        with closing(service.http):
            yield service
    elif offline:
        from feedback_app.commands.in_process import own_service

        with own_service(settings, live=True) as own:
            yield own
    else:
        raise NotRunning(f"{NOT_RUNNING}, or chat without it: `codelynn chat --offline`")


@contextmanager
def connected() -> Iterator[Service]:
    """The running service; if none runs, the API in this process on the data of HOME. A notice says so at the end, unless an error was
    reported."""
    settings = settings_in_force()
    service = running_service(settings)
    if service is not None:
        with closing(service.http):
            yield service
        return
    if settings.service_url:
        raise NotRunning(f"no codeLynn answers at {settings.service_url}: check CODELYNN_SERVICE_URL")
    from feedback_app.commands.in_process import own_service

    with own_service(settings) as own:
        yield own
    complain(f"codeLynn is not running; this worked on {settings.root} without it")


def path_part(name: str) -> str:
    """An id or a name, quoted as one part of a path. Raises Mistaken if it cannot be one."""
    if name in ("", ".", "..") or "/" in name:
        raise Mistaken(f"{name!r} is no id and no name")
    return quote(name)


def _without_empty(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}
