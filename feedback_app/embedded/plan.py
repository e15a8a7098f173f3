"""Computes from the settings which parts `codelynn up` starts, with their commands and addresses. No I/O."""

import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from feedback_app.embedded.argilla import ArgillaLogin
from feedback_app.processes.child_processes import Command
from feedback_app.settings import Settings

ARGILLA_DATABASE = 1
"""The Redis database of Argilla's jobs. Celery's queues use database 0."""
LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - the address to reach a server that listens everywhere


@dataclass(frozen=True, slots=True)
class LocalResources:
    """The programs, free ports and secrets of this machine for the embedded parts."""

    project: Path
    port: int
    valkey_server: Path | None = None
    redis_port: int = 0
    redis_password: str = ""
    argilla_python: Path | None = None
    argilla_port: int = 0
    argilla_login: ArgillaLogin | None = None


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of all running parts, as stored in `run/services.json`."""

    service: str
    redis_url: str
    argilla_url: str
    argilla_api_key: str


@dataclass(frozen=True, slots=True)
class Part:
    """One process. It is ready when `answers_at` answers (an http address with 200, a redis address to a ping), or at once if
    that is empty. If a `needed` part is not ready after `patience` seconds, everything is stopped."""

    name: str
    command: Command
    answers_at: str = ""
    patience: float = 60.0
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts in the order of their start. `later` starts when the rest is ready, and may fail."""

    addresses: Addresses
    first: tuple[Part, ...]
    main: tuple[Part, ...]
    later: tuple[Part, ...]


def reached_at(host: str, port: int) -> str:
    """The address at which this machine reaches a server on that host and port."""
    host = LOOPBACK_OF.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def addresses(settings: Settings, local: LocalResources) -> Addresses:
    login = local.argilla_login
    embedded_argilla = f"http://127.0.0.1:{local.argilla_port}" if login else ""
    return Addresses(
        service=reached_at(settings.host, local.port),
        redis_url=settings.redis_url or f"redis://:{local.redis_password}@127.0.0.1:{local.redis_port}/0",
        argilla_url=settings.argilla_url or embedded_argilla,
        argilla_api_key=settings.argilla_api_key or (login.api_key if login else ""),
    )


def make_plan(settings: Settings, local: LocalResources) -> Plan:
    """The plan for these settings. An address in the settings replaces the embedded part."""
    where = addresses(settings, local)
    env = {
        "CODELYNN_HOME": str(settings.root),
        "CODELYNN_PORT": str(local.port),
        "CODELYNN_REDIS_URL": where.redis_url,
        "CODELYNN_ARGILLA_URL": where.argilla_url,
        "CODELYNN_ARGILLA_API_KEY": where.argilla_api_key,
        "PYTHONUNBUFFERED": "1",
    }
    first = () if settings.redis_url else (_valkey(settings, local, where),)
    main = (
        _service(settings, env, where),
        _worker(settings, env, "rounds", grace=60.0),
        _worker(settings, env, "default", "-B", "-s", str(settings.root / "run" / "beat-schedule")),
    )
    later = (_argilla(settings, local, where),) if local.argilla_login and local.argilla_python else ()
    return Plan(where, first, main, later)


def other_database(redis_url: str, number: int) -> str:
    """The same Redis server with another database number; empty if the address has no database number."""
    parts = urlsplit(redis_url)
    return urlunsplit(parts._replace(path=f"/{number}")) if parts.scheme in ("redis", "rediss") else ""


def _log(settings: Settings, name: str) -> Path:
    return settings.root / "logs" / f"{name}.log"


def _valkey(settings: Settings, local: LocalResources, where: Addresses) -> Part:
    config = str(settings.root / "run" / "valkey.conf")
    command = Command((str(local.valkey_server), config), _log(settings, "valkey"), {})
    return Part("queue (Valkey)", command, where.redis_url, patience=30)


def _service(settings: Settings, env: dict[str, str], where: Addresses) -> Part:
    command = Command((sys.executable, "-m", "feedback_app.main"), _log(settings, "service"), env)
    return Part("service", command, f"{where.service}/health/ready", patience=300)


def _worker(settings: Settings, env: dict[str, str], queue: str, *more: str, grace: float = 20.0) -> Part:
    """A worker that runs one task at a time in a thread. A round's trainer is a separate process, so no fork is needed."""
    celery = (sys.executable, "-m", "celery", "-A", "workers.app:app", "worker")
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", settings.log_level)
    argv = (*celery, "--pool=threads", "-c", "1", "-Q", queue, "-n", f"{queue}@%h", *quiet, *more)
    name = f"{queue} worker"
    return Part(name, Command(argv, _log(settings, f"worker-{queue}"), env, grace=grace))


def _argilla(settings: Settings, local: LocalResources, where: Addresses) -> Part:
    assert local.argilla_login is not None
    argv = (
        str(local.argilla_python),
        *("-m", "codelynn_argilla", "serve", "--host", "127.0.0.1", "--port", str(local.argilla_port)),
        *("--home", str(settings.root / "argilla"), "--credentials", str(local.argilla_login.file)),
    )
    env = {"PYTHONPATH": str(local.project / "deploy" / "argilla"), "PYTHONUNBUFFERED": "1"}
    if jobs := other_database(where.redis_url, ARGILLA_DATABASE):
        env["CODELYNN_ARGILLA_REDIS_URL"] = (
            jobs  # in the environment, because arguments are visible to all users
        )
    command = Command(argv, _log(settings, "argilla"), env)
    return Part("Argilla", command, f"{where.argilla_url}/api/v1/version", patience=180, needed=False)
