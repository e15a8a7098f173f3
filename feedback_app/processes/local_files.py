"""The data folder, secrets, private files and ports of this machine."""

import errno
import hmac
import os
import secrets
import socket
from pathlib import Path
from tempfile import TemporaryFile

from feedback_app.errors import AppError


class HomeUnusable(AppError, RuntimeError):
    """The data folder cannot be written to. The message says what to do."""


def usable_home(root: Path) -> None:
    """Create the data folder and check that it is writable. Raises HomeUnusable."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise HomeUnusable(
            f"nothing can be kept in {root} ({error.strerror}): set CODELYNN_HOME to a folder that you can write to"
        ) from error


def secret(path: Path) -> str:
    """The secret in that file. It is created at first use and readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8").strip()


def page_token(root: Path, access_token: str) -> str:
    """The token that the pages send with their requests. It stays the same after a restart, so that open pages keep working,
    and is the same in all services that share an access token."""
    if access_token:
        return hmac.new(access_token.encode(), b"pages", "sha256").hexdigest()
    return secret(root / "secrets" / "pages")


def write_private(path: Path, text: str) -> None:
    """Write a file atomically, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


class PortTaken(AppError, RuntimeError):
    """Another program listens on our port. The message says what to do."""


def listener(host: str, port: int) -> socket.socket:
    """A socket bound to that address, for a server to listen on. Port 0 means any free port. Raises PortTaken."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTaken(f"{why_not(host, port, error)}, or set CODELYNN_HOST and CODELYNN_PORT") from error
    return bound


def why_not(host: str, port: int, error: OSError) -> str:
    """Why we cannot listen on an address and what to do, as the beginning of a message."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop what listens there"
    return f"cannot listen on {host} port {port} ({error.strerror}): choose an address of this machine"


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def taken(host: str, port: int) -> bool:
    """Whether the port is in use."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
