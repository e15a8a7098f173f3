"""The embedded Label Studio: its own environment, the login of its one owner, and the command that serves it."""

import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from feedback_app.embedded.plan import Part
from feedback_app.errors import AppError
from feedback_app.processes.child_processes import Command
from feedback_app.processes.local_files import write_private

FIRST_START = 600.0  # seconds: it makes its tables, a minute of work that a busy machine stretches
# No usage figures, no crash reports, no look for newer versions; only this machine's names are answered. Pages may load
# nothing from elsewhere: the login page would else ask its maker's server. Settings of another Label Studio in our own
# environment must not count, so what matters is said in full.
QUIET = {
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "CORS_ALLOW_ALL_ORIGINS": "false",
    "LS_CSP_REPORT_ONLY": "false",
    "DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "ENABLE_LOCAL_FILES_STORAGE": "false",
    "LOCAL_FILES_SERVING_ENABLED": "false",
    "DEBUG": "false",
    "DJANGO_DB": "sqlite",
    "HOST": "",
    "LOG_LEVEL": "WARNING",
}


class NotInstalled(AppError, RuntimeError):
    """Label Studio's environment is missing and cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class LabelStudioLogin:
    """Who owns the embedded Label Studio. `file` holds it all; `fresh` where it was made just now."""

    email: str
    password: str
    token: str
    file: Path
    fresh: bool


def login(file: Path) -> LabelStudioLogin:
    """The login kept in that file; made once, readable by its owner only."""
    fresh = not file.exists()
    if fresh:
        made = {
            "email": "owner@localhost",
            "password": secrets.token_urlsafe(12),
            "token": secrets.token_hex(20),
        }
        write_private(file, json.dumps(made, indent=1) + "\n")
    kept = json.loads(file.read_text(encoding="utf-8"))
    return LabelStudioLogin(kept["email"], kept["password"], kept["token"], file, fresh)


def find_server(project: Path) -> Path | None:
    """The server's command in its own environment, if that was installed completely."""
    folder = project / ".venv-label-studio"
    server = folder / "bin" / "label-studio"
    return server if server.exists() and (folder / ".codelynn-stamp.json").exists() else None


def install(project: Path) -> Path:
    """Make that environment; the script tells its progress. Raises NotInstalled."""
    script = project / "deploy" / "bootstrap.py"
    if not script.exists():
        raise NotInstalled(
            "Label Studio is not installed here: set CODELYNN_LABEL_STUDIO_URL to a server of yours"
        )
    ended = subprocess.run([sys.executable, str(script), "--only-label-studio"], check=False)
    server = find_server(project)
    if ended.returncode != 0 or server is None:
        raise NotInstalled("Label Studio could not be installed: put right what is said above, and try again")
    return server


def part(server: Path, root: Path, port: int, owner: LabelStudioLogin) -> Part:
    """The server on loopback, its data below `root`. The password is in its environment, never on a command line."""
    data = root / "label-studio"
    argv = (
        *(str(server), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)),
        *("--data-dir", str(data), "--enable-legacy-api-token"),
    )
    given = {
        **QUIET,
        "USERNAME": owner.email,
        "PASSWORD": owner.password,
        "USER_TOKEN": owner.token,
        "DATABASE_NAME": str(data / "label_studio.sqlite3"),
    }
    env = {f"LABEL_STUDIO_{name}": value for name, value in given.items()}  # looked up first
    env |= {"DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1"}
    command = Command(argv, root / "logs" / "label-studio.log", env)
    return Part("Label Studio", command, f"http://127.0.0.1:{port}/health", patience=FIRST_START)
