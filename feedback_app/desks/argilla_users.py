"""Manages the users who rank in Argilla, each with their own login."""

import secrets
from dataclasses import dataclass, field

import httpx

from feedback_app.desks.argilla import DIRECT
from feedback_app.desks.base import DeskRefused, DeskUnavailable


@dataclass(frozen=True, slots=True)
class DeskUser:
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class NewUser:
    """`password` is shown once, because Argilla stores only its hash."""

    name: str
    password: str = field(repr=False)


class ArgillaUsers:
    """The users of one server, managed with the owner's API key. Raises DeskUnavailable, DeskRefused."""

    def __init__(self, api_url: str, api_key: str, workspace: str, timeout: float = 10.0) -> None:
        self._url = api_url.rstrip("/")
        self._headers = {"X-Argilla-Api-Key": api_key}
        self._workspace = workspace
        self._timeout = timeout

    def all(self) -> list[DeskUser]:
        users = self._call("GET", "/users").json()["items"]
        return [DeskUser(user["username"], user["role"]) for user in users]

    def add(self, name: str, role: str = "annotator") -> NewUser:
        """Create a user who may rank in our workspace, with a generated password."""
        password = secrets.token_urlsafe(12)
        body = {"first_name": name, "username": name, "password": password, "role": role}
        user = self._call("POST", "/users", body).json()
        self._call("POST", f"/workspaces/{self._workspace_id()}/users", {"user_id": user["id"]})
        return NewUser(name, password)

    def remove(self, name: str) -> None:
        """Delete a user. Their rankings stay in codeLynn and are removed from Argilla."""
        users = self._call("GET", "/users").json()["items"]
        user_id = next((user["id"] for user in users if user["username"] == name), None)
        if user_id is None:
            raise DeskRefused(f"Argilla has no user {name}: see `codelynn argilla users list`")
        self._call("DELETE", f"/users/{user_id}")

    def _workspace_id(self) -> str:
        spaces = self._call("GET", "/me/workspaces").json()["items"]
        workspace_id = next((space["id"] for space in spaces if space["name"] == self._workspace), None)
        if workspace_id is None:
            workspace_id = self._call("POST", "/workspaces", {"name": self._workspace}).json()["id"]
        return str(workspace_id)

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        try:
            with httpx.Client(timeout=self._timeout, mounts=DIRECT, headers=self._headers) as client:
                answer = client.request(method, f"{self._url}/api/v1{path}", json=body)
        except httpx.HTTPError as error:
            raise DeskUnavailable(
                f"Argilla cannot be reached ({type(error).__name__}): start it with `codelynn up`"
            ) from None
        if answer.is_success:
            return answer
        raise _refused(answer.status_code)


def _refused(status: int) -> DeskRefused | DeskUnavailable:
    if status >= 500:
        return DeskUnavailable(f"Argilla answered {status}")
    reasons = {
        401: "Argilla does not accept our API key: check CODELYNN_ARGILLA_API_KEY",
        403: "our API key may not manage users: use the key of an owner",
        409: "Argilla already has a user of that name",
        422: "Argilla accepts only letters, digits, dots, dashes and underscores in names",
    }
    return DeskRefused(reasons.get(status, f"Argilla answered {status}"))
