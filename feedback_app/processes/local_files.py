"""Secrets, private files and ports of this machine."""

import errno
import hmac
import os
import secrets
import socket
from pathlib import Path
from tempfile import TemporaryFile

from feedback_app.errors import AppError


class HomeUnusable(AppError, RuntimeError):
    """Nothing can be kept in the folder for all data; the message says what to do."""


def usable_home(root: Path) -> None:
    """Make the folder for all data, and see that it can be written to. Raises HomeUnusable."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise HomeUnusable(
            f"nothing can be kept in {root} ({error.strerror}): set CODELYNN_HOME to a folder that you can write to"
        ) from error


def secret(path: Path) -> str:
    """The secret kept in that file; made once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8").strip()


def page_token(root: Path, access_token: str) -> str:
    """What the pages' own requests carry: the same after a restart, so that open pages go on, and in each service of a
    team, which have the access token in common."""
    if access_token:
        return hmac.new(access_token.encode(), b"pages", "sha256").hexdigest()
    return secret(root / "secrets" / "pages")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


class PortTaken(AppError, RuntimeError):
    """Another program listens on our port; the message says what to do."""


def listener(host: str, port: int) -> socket.socket:
    """A socket bound to that address; it listens once a server takes it. Port 0: a free one. Raises PortTaken."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTaken(f"{why_not(host, port, error)}, or set CODELYNN_HOST and CODELYNN_PORT") from error
    return bound


def why_not(host: str, port: int, error: OSError) -> str:
    """Why an address cannot be listened on, and what to do, as the beginning of a line."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop what listens there"
    return f"cannot listen on {host} port {port} ({error.strerror}): choose an address of this machine"


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def taken(host: str, port: int) -> bool:
    """Whether we could not listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
