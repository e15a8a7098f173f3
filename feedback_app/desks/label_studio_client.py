"""Wraps Label Studio's SDK: projects, tasks, annotations, predictions, and the translation of errors.

Importing this module imports the SDK, which takes most of a second, so `LabelStudioDesk` imports it at first use. It uses
the SDK's base client: the same typed client without the helpers for images and configurations, whose packages
(opencv, nltk, …) conflict with ours. Errors of the server may quote a record, so they are never chained or shown.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
from label_studio_sdk.base_client import LabelStudioBase
from label_studio_sdk.core.api_error import ApiError

from feedback_app.desks import label_studio_payload as payload
from feedback_app.desks.base import DeskRefused, DeskUnavailable

TRY_LATER = {408, 409, 425, 429}
PAGE = 500
FIELDS = "id,data,updated_at,annotations,result,completed_by,was_cancelled,predictions,model_version,score"
# Never send loopback traffic to a proxy from the environment.
DIRECT: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}


class Gone(DeskUnavailable):
    """The server no longer has something that we knew: it was replaced, or somebody deleted a project or an annotation."""


class RecordRefused(DeskRefused):
    """The server refuses a record that we sent."""


@dataclass(frozen=True, slots=True)
class Project:
    """One of our projects. `odd` names a question that somebody changed; `aspects` are its tone tags."""

    id: int
    replies: int
    odd: str | None
    aspects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """`comparison_id` is empty if somebody removed it. Annotations and predictions are as the server returns them."""

    id: int
    comparison_id: str
    updated_at: str
    annotations: tuple[Mapping[str, Any], ...]
    predictions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ProjectState:
    """Changes whenever a task or an annotation of the project does. `annotations` excludes cancelled ones."""

    tasks: int
    annotations: int
    newest: str


@contextmanager
def desk_errors() -> Iterator[None]:
    """Translate errors of the SDK and of HTTP to DeskUnavailable or DeskRefused, without any text of a record."""
    try:
        yield
    except ApiError as error:
        raise of_status(error.status_code or 0) from None
    except httpx.HTTPStatusError as error:
        raise of_status(error.response.status_code) from None
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise DeskUnavailable(f"Label Studio cannot be reached ({type(error).__name__})") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DeskUnavailable(
            f"Label Studio gave an answer that makes no sense ({type(error).__name__})"
        ) from None


def of_status(status: int) -> DeskUnavailable | DeskRefused:
    if status == httpx.codes.NOT_FOUND:
        return Gone("Label Studio has no such project or task any more")
    if status in TRY_LATER or status >= 500 or status < 400:
        return DeskUnavailable(f"Label Studio answered {status}")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return DeskRefused(f"Label Studio answered {status} to our token: check CODELYNN_LABEL_STUDIO_TOKEN")
    return RecordRefused(f"Label Studio answered {status}: the record does not fit its project")


class LabelStudioSession:
    """One connection as one user. Methods raise the SDK's errors: call them inside `desk_errors`."""

    def __init__(self, url: str, token: str, timeout: float, aspects: Sequence[str]) -> None:
        """Sends nothing yet. `timeout` is in seconds per request. Our callers retry, so the SDK must not."""
        self._http = httpx.Client(timeout=timeout, mounts=DIRECT)
        self._client = LabelStudioBase(
            base_url=url, api_key=token, httpx_client=self._http, max_retries=0, timeout=timeout
        )
        self._aspects = aspects
        self._people: dict[int, str] = {}
        self._user_id = 0

    def close(self) -> None:
        self._http.close()

    @property
    def user_id(self) -> int:
        """The user of the token."""
        return self._user_id or self.whoami()

    def whoami(self) -> int:
        """The user of the token, asked from the server again."""
        self._user_id = int(self._client.users.whoami().id)
        return self._user_id

    def person(self, user_id: int) -> str:
        """The e-mail address of an annotator, or `user N` if the server no longer lists them."""
        if user_id not in self._people:
            self._people = {user.id: user.email for user in self._client.users.list()}
            self._people.setdefault(user_id, f"user {user_id}")
        return self._people[user_id]

    def projects(self) -> dict[int, Project]:
        """Map numbers of candidates to projects; of several with one title, the oldest."""
        by_replies: dict[int, Project] = {}
        for project_id, title in sorted(self._titles()):
            match = payload.TITLE.fullmatch(title)
            if match and (replies := int(match[1])) not in by_replies:
                by_replies[replies] = self._project(project_id, replies)
        return by_replies

    def _titles(self) -> Iterator[tuple[int, str]]:
        page, seen = 1, 0
        while True:
            answer = self._client.projects.list(title="codelynn-", page=page, page_size=100)
            listed = [(int(project.id), str(project.title)) for project in answer.items or []]
            yield from listed
            seen, page = seen + len(listed), page + 1
            if not listed or answer.response is None or seen >= answer.response.count:
                return

    def _project(self, project_id: int, replies: int) -> Project:
        parsed = cast("Mapping[str, Any]", self._client.projects.get(id=project_id).parsed_label_config or {})
        odd = payload.odd_question(replies, parsed)
        aspects = () if odd else tuple(parsed[payload.ASPECTS].get("labels") or ())
        return Project(project_id, replies, odd, aspects)

    def make_project(self, replies: int) -> Project:
        """Create a project. Predictions are only for sorting and are not filled in, so that they do not bias the annotator."""
        created = self._client.projects.create(
            title=payload.title(replies),
            description="Made by codeLynn: rank the replies by tone.",
            label_config=payload.config(replies, self._aspects),
            enable_empty_annotation=False,
            show_collab_predictions=False,
        )
        return self._project(int(created.id), replies)

    def state(self, project_id: int) -> ProjectState:
        query = json.dumps({"ordering": ["-tasks:updated_at"]})
        page = self._client.tasks.list(
            project=project_id, page=1, page_size=1, include="id,updated_at", query=query
        )
        answer = page.response
        if answer is None:
            raise ValueError("no answer")
        newest = str(answer.tasks[0].updated_at) if answer.tasks else ""
        return ProjectState(int(answer.total), int(answer.total_annotations), newest)

    def tasks(self, project_id: int, since: str = "") -> Iterator[Task]:
        """All tasks by id, or those changed since that time. Paged by id, so that a task deleted meanwhile shifts no other."""
        last = 0
        while True:
            filters = [_filter("id", "greater", "Number", last)]
            if since:
                filters.append(_filter("updated_at", "greater_or_equal", "Datetime", since))
            query = {"filters": {"conjunction": "and", "items": filters}, "ordering": ["tasks:id"]}
            page = self._client.tasks.list(
                project=project_id,
                page=1,
                page_size=PAGE,
                fields="all",
                include=FIELDS,
                resolve_uri=False,
                query=json.dumps(query),
            )
            tasks = [_task(item.model_dump()) for item in page.items or []]
            yield from tasks
            if len(tasks) < PAGE:
                return
            last = tasks[-1].id

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Import all tasks or none."""
        self._client.projects.import_tasks(id=project_id, request=cast(Any, tasks))

    def annotate(self, task_id: int, body: Mapping[str, Any]) -> None:
        self._client.annotations.create(id=task_id, **body)

    def change(self, annotation_id: int, body: Mapping[str, Any]) -> None:
        self._client.annotations.update(id=annotation_id, **body)

    def withdraw(self, annotation_id: int) -> None:
        """Delete an annotation; nothing happens if it is deleted already."""
        try:
            self._client.annotations.delete(id=annotation_id)
        except ApiError as error:
            if error.status_code != httpx.codes.NOT_FOUND:
                raise

    def delete_task(self, task_id: int) -> None:
        self._client.tasks.delete(id=str(task_id))

    def predict(self, task_id: int, body: Mapping[str, Any], replaces: int | None) -> None:
        """Store a prediction, replacing the given one if there is one."""
        if replaces is None:
            self._client.predictions.create(task=task_id, **body)
        else:
            self._client.predictions.update(id=replaces, task=task_id, **body)


def _filter(field: str, operator: str, kind: str, value: object) -> dict[str, object]:
    return {"filter": f"filter:tasks:{field}", "operator": operator, "type": kind, "value": value}


def _task(item: Mapping[str, Any]) -> Task:
    comparison_id = (item.get("data") or {}).get(payload.COMPARISON_ID)
    return Task(
        id=int(item["id"]),
        comparison_id=comparison_id if isinstance(comparison_id, str) else "",
        updated_at=str(item.get("updated_at") or ""),
        annotations=tuple(item.get("annotations") or ()),
        predictions=tuple(item.get("predictions") or ()),
    )
