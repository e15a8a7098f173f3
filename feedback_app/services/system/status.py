"""The state of the service and of the servers around it, for `/health/ready`, `codelynn status` and the pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.errors import Unavailable
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.queue import RoundQueue
from feedback_app.settings import Settings
from feedback_app.store import Store

SECONDS = 3.0


class Away(Unavailable, RuntimeError):
    """A server does not answer; the message says what to do."""


Check = Callable[[], str]
"""Gives a detail, or raises an error whose text says what is wrong."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part. Only `required` parts decide whether the service is ready."""

    name: str
    ok: bool
    required: bool
    detail: str = ""


class Status:
    """Runs the checks it was given."""

    def __init__(
        self,
        required: Mapping[str, Check],
        optional: Mapping[str, Check],
        around: Callable[[], Mapping[str, Check]] = dict,
    ) -> None:
        """`around`: what is asked only where everything is wanted, because it takes long; read afresh each time."""
        self._around = around
        self._checks = [(name, True, check) for name, check in required.items()]
        self._checks += [(name, False, check) for name, check in optional.items()]

    def parts(self) -> list[PartStatus]:
        return [checked(name, needed, check) for name, needed, check in self._checks]

    def everything(self) -> list[PartStatus]:
        """`parts`, and what is around the service."""
        return self.parts() + [checked(name, False, check) for name, check in self._around().items()]

    def ready(self) -> bool:
        return all(part.ok for part in self.parts() if part.required)


def checked(name: str, required: bool, check: Check) -> PartStatus:
    """What the check says now."""
    try:
        return PartStatus(name, True, required, check())
    except Exception as error:  # noqa: BLE001 - whatever a part's client raises is its status
        reason = (str(error) or "no answer").splitlines()[0][:200]
        shown = reason if isinstance(error, RuntimeError) else f"{type(error).__name__}: {reason}"
        return PartStatus(name, False, required, shown)


def desk_checks(settings: Settings) -> dict[str, Check]:
    """The annotation desks in use, by name, with a check that asks their server."""
    checks: dict[str, Check] = {}
    if settings.argilla_enabled:
        checks["Argilla"] = lambda: web_answers(
            settings.argilla_url, "/api/v1/version", "`codelynn up` starts it, or set CODELYNN_ARGILLA_URL"
        )
    if settings.label_studio_url or (settings.root / "label-studio").exists():
        checks["Label Studio"] = lambda: web_answers(
            settings.label_studio_url, "/health", "`codelynn label-studio up` starts it"
        )
    return checks


def web_answers(address: str, path: str, remedy: str, key: str = "") -> str:
    """That a server answers there and takes the key. Raises Away."""
    import httpx

    if not address:
        raise Away(f"not running: {remedy}")
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        where = f"{address.rstrip('/')}{path}"
        answer = httpx.get(where, headers=headers, timeout=SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise Away(f"{address} does not answer: {remedy}") from error
    if answer.status_code != 200:
        raise Away(f"{address} answers with {answer.status_code}: {remedy}")
    return f"answers at {address}"


def redis_answers(address: str) -> str:
    """That a Redis server answers there and takes our password. Raises Away."""
    import redis

    if not address:
        raise Away("not running: `codelynn up` starts it, or set CODELYNN_REDIS_URL")
    client = redis.Redis.from_url(address, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
    try:
        client.ping()
    except redis.RedisError as error:
        raise Away(f"no answer ({type(error).__name__}): rounds wait in the database") from error
    finally:
        client.close()
    return "answers"


def service_status(
    store: Store, models: Models, queue: RoundQueue, redis_url: str, now: Callable[[], Settings]
) -> Status:
    """`now` gives the settings in force: a desk may be started after us."""

    def database() -> str:
        counts = store.comparisons.counts()
        return f"{sum(counts[status] for status in ComparisonStatus)} comparisons, {counts['ranked']} ranked"

    def model() -> str:
        files = models.files("latest")
        return f"{files.name} on {files.base_dir.parent.name}"

    def outbox() -> str:
        counts = store.outbox.counts()
        return f"{counts['pending']} comparisons waiting to sync with connected tools, {counts['refused']} refused"

    def around() -> dict[str, Check]:
        return {"workers": queue.workers, **desk_checks(now())}

    optional: dict[str, Check] = {"redis": lambda: redis_answers(redis_url), "outbox": outbox}
    return Status({"database": database, "model": model}, optional, around)
