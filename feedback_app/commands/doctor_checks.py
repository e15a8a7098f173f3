"""The checks of `codelynn doctor` on this machine. Each gives one line that says what to do."""

import os
import re
import shutil
import stat
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from feedback_app import main as root
from feedback_app.domain.persona import UnknownPersona, read_persona
from feedback_app.embedded.argilla import find_python
from feedback_app.embedded.valkey import find_server
from feedback_app.errors import AppError
from feedback_app.processes.local_files import taken
from feedback_app.services.system.status import PartStatus, checked, web_answers
from feedback_app.settings import DATABASE_FILE, PROJECT, Settings
from feedback_app.store import open_store

GIGABYTE = 1e9
OLDEST = (3, 11)
DISK, MEMORY = 2.0, 2.0
"""Required gigabytes: disk for the default model and its versions, memory for the service and one trainer."""
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)")


class Lacking(AppError, RuntimeError):
    """Something is missing; the message says what to do."""


def checks(settings: Settings, service: str) -> list[PartStatus]:
    """All checks. `service`: the address of the running service; empty if none runs."""
    ours = bool(service)
    return [
        checked("python", True, _python),
        checked("packages", False, lambda: packages(PROJECT / "requirements.lock")),
        checked("disk", True, lambda: _disk(settings.root)),
        checked("memory", False, _memory),
        checked("home", True, lambda: _home(settings.root)),
        checked("secrets", False, lambda: private(settings.root)),
        checked("base model", True, lambda: _model(settings)),
        checked("persona", True, lambda: _persona(settings)),
        *_addresses(settings, ours),
        checked("port", not ours, lambda: _port(settings, service)),
        checked("Argilla's port", False, lambda: _argilla_port(settings, ours)),
        checked("Argilla installed", False, lambda: _argilla(settings)),
        checked("Valkey installed", not settings.redis_url, lambda: _valkey(settings)),
    ]


def _python() -> str:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST:
        raise Lacking(f"{running}; 3.11 or newer is needed: install it, then run `make setup` again")
    return running


def packages(lock: Path) -> str:
    """Compare the installed packages with the tested ones. Raises Lacking."""
    if not lock.is_file():
        return "no requirements.lock beside the program: not compared"
    pins = dict(PIN.findall(lock.read_text(encoding="utf-8")))
    other = [
        f"{name} {_installed(name)} instead of {pin}" for name, pin in pins.items() if _differs(name, pin)
    ]
    if other:
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        raise Lacking(f"{', '.join(other[:3])}{more}: run `make setup`")
    return f"{len(pins)} packages as tested"


def _installed(name: str) -> str:
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return "(missing)"


def _differs(name: str, pin: str) -> bool:
    return _installed(name) != pin


def _disk(home: Path) -> str:
    free = shutil.disk_usage(_existing(home)).free / GIGABYTE
    if free < DISK:
        raise Lacking(
            f"{free:.1f} GB free, {DISK:g} GB needed: free some, or set CODELYNN_HOME to another disk"
        )
    return f"{free:.1f} GB free, {DISK:g} GB needed"


def _memory() -> str:
    free = psutil.virtual_memory().available / GIGABYTE
    if free < MEMORY:
        raise Lacking(f"{free:.1f} GB free, {MEMORY:g} GB needed for training: close other programs")
    return f"{free:.1f} GB free, {MEMORY:g} GB needed for training"


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _home(home: Path) -> str:
    nearest = _existing(home)
    if not nearest.is_dir():
        raise Lacking(f"{nearest} is not a folder: set CODELYNN_HOME to one")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise Lacking(f"{nearest} cannot be written: change its owner or permissions, or set CODELYNN_HOME")
    return f"{home} can be written" if home.exists() else f"{home} is made at the first start"


def private(home: Path) -> str:
    """Check that others cannot read passwords and keys. Raises Lacking."""
    files = [*(home / "secrets").glob("*"), *(home / "run").glob("*.json"), home / "run" / "valkey.conf"]
    secrets = [file for file in files if file.is_file()]
    open_to_others = [file for file in secrets if stat.S_IMODE(file.stat().st_mode) & 0o077]
    if open_to_others:
        raise Lacking(f"others can read {open_to_others[0]}: chmod 600 {' '.join(map(str, open_to_others))}")
    return f"{len(secrets)} files, readable by their owner only" if secrets else "none yet"


def _model(settings: Settings) -> str:
    if fault := root.base_missing(settings):
        raise Lacking(f"{fault}; it is set by CODELYNN_BASE_MODEL")
    ready = root.prepared_model(settings)
    name = root.base_name(settings)
    return (
        f"{name} is prepared"
        if ready
        else f"{name} is not prepared yet: the first start does it, in about two minutes"
    )


def _persona(settings: Settings) -> str:
    try:
        return f"{read_persona(settings.personas, settings.persona).name} ({settings.persona})"
    except UnknownPersona as error:
        raise Lacking(f"{error}; it is set by CODELYNN_PERSONA") from error
    except (ValueError, KeyError, TypeError) as error:
        file = settings.personas / f"{settings.persona}.json"
        raise Lacking(f"{file} is not a valid persona file: compare it with lynn.json") from error


def _database_answers(settings: Settings) -> str:
    """Check that the database can be read. Raises DatabaseUnavailable."""
    if not settings.database_url and not (settings.root / DATABASE_FILE).exists():
        return "made at the first start"
    store = open_store(settings.database)
    try:
        store.ping()
    finally:
        store.close()
    return "answers"


def _addresses(settings: Settings, ours: bool) -> list[PartStatus]:
    """The database, unless the service runs and reports it itself, and the engine's server if one is set."""
    checks = [] if ours else [checked("database", True, lambda: _database_answers(settings))]
    if settings.engine_url:
        remedy = "start it, or correct CODELYNN_ENGINE_URL and CODELYNN_ENGINE_API_KEY"
        key = settings.engine_api_key
        checks.append(
            checked("engine", True, lambda: web_answers(settings.engine_url, "/models", remedy, key))
        )
    return checks


def _port(settings: Settings, service: str) -> str:
    if service:
        return f"codeLynn itself answers at {service}"
    return _free(settings.host, settings.port, "CODELYNN_PORT")


def _argilla_port(settings: Settings, ours: bool) -> str:
    if not settings.argilla_enabled:
        return "Argilla is switched off"
    if settings.argilla_url:
        return f"Argilla is expected at {settings.argilla_url}"
    if ours:
        return "not used by the codeLynn that runs"
    return _free("127.0.0.1", settings.argilla_port, "CODELYNN_ARGILLA_PORT")


def _free(host: str, port: int, setting: str) -> str:
    """Raises Lacking if a program listens there, and names it."""
    if port and taken(host, port):
        raise Lacking(f"{port} is in use{listener_on(port)}: stop it, or set {setting}")
    return f"{port} is free" if port else "a free one is chosen at each start"


def listener_on(port: int) -> str:
    """` by NAME (process PID)`; empty for processes of other users."""
    try:
        open_ports = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return ""
    for one in open_ports:
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
            try:
                return f" by {psutil.Process(one.pid).name()} (process {one.pid})"
            except psutil.NoSuchProcess:
                return ""
    return ""


def _argilla(settings: Settings) -> str:
    if not settings.argilla_enabled:
        return "switched off by CODELYNN_ARGILLA_ENABLED"
    if settings.argilla_url and find_python(PROJECT) is None:
        return f"not here; {settings.argilla_url} is used"
    if find_python(PROJECT) is None:
        raise Lacking("no: run `make setup`, or set CODELYNN_ARGILLA_URL or CODELYNN_ARGILLA_ENABLED=false")
    return "yes"


def _valkey(settings: Settings) -> str:
    return "not needed: a Redis server is set or runs" if settings.redis_url else str(find_server())
