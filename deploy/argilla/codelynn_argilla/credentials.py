"""The first user's name, password and API key, out of a file that only its owner can read."""

import json
import stat
from dataclasses import dataclass, field, fields
from pathlib import Path

SHORTEST_SECRET = 8  # Argilla's own minimum for passwords and API keys
LONGEST_PASSWORD = 72  # bytes: bcrypt ignores what follows


class BadCredentials(ValueError):
    """The credentials file cannot be used; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    workspace: str


def load_credentials(file: Path) -> Credentials:
    """Read `{"username", "password", "api_key", "workspace"}`. Raises BadCredentials."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        given = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise BadCredentials(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise BadCredentials(f"{file} is not JSON") from None
    if mode & 0o077:
        raise BadCredentials(f"others can read {file}: run chmod 600 on it")
    return _checked(given, file)


def _checked(given: object, file: Path) -> Credentials:
    names = [each.name for each in fields(Credentials)]
    if not isinstance(given, dict) or any(not isinstance(given.get(name), str) for name in names):
        raise BadCredentials(f"{file} must be an object with the texts {', '.join(names)}")
    credentials = Credentials(**{name: given[name] for name in names})
    if not credentials.username or not credentials.workspace:
        raise BadCredentials(f"username and workspace in {file} must not be empty")
    if min(len(credentials.password), len(credentials.api_key)) < SHORTEST_SECRET:
        raise BadCredentials(f"password and api_key in {file} need {SHORTEST_SECRET} characters or more")
    if len(credentials.password.encode()) > LONGEST_PASSWORD:
        raise BadCredentials(f"the password in {file} is longer than {LONGEST_PASSWORD} bytes")
    return credentials
