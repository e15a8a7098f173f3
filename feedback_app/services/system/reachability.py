"""Whether the servers around the service answer."""

from feedback_app.errors import Unavailable
from feedback_app.services.system.status import Check
from feedback_app.settings import Settings

SECONDS = 3.0


class Away(Unavailable, RuntimeError):
    """A server does not answer; the message says what to do."""


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
