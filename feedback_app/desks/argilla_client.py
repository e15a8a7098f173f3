"""Wraps the official client: connects, finds or creates datasets, upserts records, and translates errors.

Importing this module imports `argilla`, which takes seconds, so `ArgillaDesk` imports it at first use. Records are sent over
the client's HTTP session, because its `records.log` draws a progress bar, may quote a record in a warning and cannot
withdraw a response. Warnings and errors of the client may contain text of a record, so they are never chained or shown.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import httpx

from feedback_app.desks import argilla_payload as names
from feedback_app.desks.argilla_payload import DatasetGone
from feedback_app.desks.base import DeskRefused, DeskUnavailable

with warnings.catch_warnings():  # argilla 2.8 declares its models in the style of pydantic 1
    warnings.simplefilter("ignore", DeprecationWarning)
    import argilla as rg
    from argilla._exceptions import ArgillaAPIError
    from argilla._exceptions._base import ArgillaError

PAGE = 500  # records at once
DELETED_AT_ONCE = 100  # Argilla's limit
TRY_LATER = {408, 409, 425, 429}
GUIDELINES = (
    "Each record is a conversation and replies to it. Rank the replies by tone, best first; equal ranks are ties. "
    "Tick `All are bad` where none will do."
)


@contextmanager
def desk_errors() -> Iterator[None]:
    """Translate errors of the client and of HTTP to DeskUnavailable or DeskRefused, without any text of a record."""
    try:
        yield
    except ArgillaAPIError as error:
        raise of_status(error.status_code) from None
    except httpx.HTTPStatusError as error:
        raise of_status(error.response.status_code) from None
    except httpx.TransportError as error:
        raise DeskUnavailable(f"Argilla cannot be reached ({type(error).__name__})") from None
    except (ArgillaError, ValueError, LookupError) as error:
        raise DeskUnavailable(
            f"Argilla gave an answer that makes no sense ({type(error).__name__})"
        ) from None


def of_status(status: int) -> DeskUnavailable | DeskRefused:
    if status == httpx.codes.NOT_FOUND:
        return DatasetGone("Argilla has no such dataset")
    if status in TRY_LATER or status >= 500:
        return DeskUnavailable(f"Argilla answered {status}")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return DeskRefused(f"Argilla answered {status} to our API key: check CODELYNN_ARGILLA_API_KEY")
    return DeskRefused(f"Argilla answered {status}: the record does not fit its dataset")


class ArgillaSession:
    """One connection as one user. Methods raise the client's errors: call them inside `desk_errors`."""

    def __init__(
        self,
        api_url: str,
        api_key: str,
        workspace: str,
        *,
        timeout: float,
        mounts: Mapping[str, httpx.HTTPTransport | None],
        aspects: tuple[str, ...],
        annotators: int = 1,
    ) -> None:
        self._user_id = _user_id(api_url, api_key, timeout, mounts)
        # Our callers retry, so the client must not: its five attempts take half a minute.
        seconds = cast(int, timeout)  # passed to httpx, which accepts fractions
        self._client = rg.Argilla(api_url=api_url, api_key=api_key, timeout=seconds, retries=0, mounts=mounts)
        self._http: httpx.Client = self._client.http_client
        self._workspace = self._find_or_make_workspace(workspace)
        self._aspects = aspects
        self._annotators = annotators
        self._datasets: dict[int, rg.Dataset] = {}

    def upsert(self, bodies: list[dict[str, Any]], replies: int) -> list[dict[str, Any]]:
        """Create or update records of one dataset. Returns them as stored, in the same order, with their responses."""
        address = f"/api/v1/datasets/{self.dataset(replies).id}/records/bulk"
        answer = self._http.put(address, json={"items": bodies}).raise_for_status()
        stored: list[dict[str, Any]] = answer.json()["items"]
        return stored

    def withdraw(self, response_id: str) -> None:
        self._http.delete(f"/api/v1/responses/{response_id}").raise_for_status()

    def delete(self, dataset_id: str, record_ids: Sequence[str]) -> None:
        for start in range(0, len(record_ids), DELETED_AT_ONCE):
            ids = ",".join(record_ids[start : start + DELETED_AT_ONCE])
            address = f"/api/v1/datasets/{dataset_id}/records"
            self._http.delete(address, params={"ids": ids}).raise_for_status()

    def activity(self) -> dict[str, str]:
        """Map dataset ids to the time of the last answer. Our own upserts do not count."""
        address, where = "/api/v1/me/datasets", {"workspace_id": str(self._workspace.id)}
        items = self._http.get(address, params=where).raise_for_status().json()["items"]
        return {
            item["id"]: item["last_activity_at"]
            for item in items
            if item["name"].startswith(names.DATASET) and item["status"] == "ready"
        }

    def records(self, dataset_id: str) -> Iterator[dict[str, Any]]:
        """All records of a dataset with their responses."""
        offset, total = 0, 1
        while offset < total:
            page: dict[str, str | int] = {"include": "responses", "limit": PAGE, "offset": offset}
            answer = self._http.get(f"/api/v1/datasets/{dataset_id}/records", params=page)
            listed = answer.raise_for_status().json()
            yield from listed["items"]
            offset, total = offset + PAGE, listed["total"]

    def users(self) -> dict[str, str]:
        """Map user ids to names: all users if our key may list them, else the users of the workspace."""
        answer = self._http.get("/api/v1/users")
        if answer.status_code == httpx.codes.FORBIDDEN:
            answer = self._http.get(f"/api/v1/workspaces/{self._workspace.id}/users")
        return {user["id"]: user["username"] for user in answer.raise_for_status().json()["items"]}

    @property
    def user_id(self) -> str:
        return self._user_id

    def known_aspects(self, replies: int) -> list[str]:
        """The tone labels of this dataset, which Argilla never lets change. Raises ForeignDataset."""
        questions = {question.name: question for question in self.dataset(replies).settings.questions}
        aspects, ranking = questions.get(names.ASPECTS), questions.get(names.RANKING)
        if (
            isinstance(aspects, rg.MultiLabelQuestion)
            and isinstance(ranking, rg.RankingQuestion)
            and set(ranking.values) == set(names.reply_names(replies))
        ):
            return list(aspects.labels)
        raise names.ForeignDataset(
            f"the dataset {names.dataset_name(replies)} does not have codeLynn's questions: "
            "rename or delete it in Argilla, then send everything again (`codelynn argilla sync`)"
        )

    def ranking_question(self, replies: int) -> str:
        """The id of the ranking question, to which suggestions belong."""
        return str(cast(Any, self.dataset(replies).settings.questions[names.RANKING]).id)

    def dataset(self, replies: int) -> rg.Dataset:
        """The dataset for that number of candidates, created if it does not exist."""
        if replies not in self._datasets:
            self._datasets[replies] = self._find_or_make(replies)
        return self._datasets[replies]

    def close(self) -> None:
        self._http.close()

    def _find_or_make_workspace(self, name: str) -> rg.Workspace:
        for workspace in self._client.workspaces:
            if workspace.name == name:
                return cast(rg.Workspace, workspace)
        workspace = rg.Workspace(name=name, client=self._client)  # type: ignore[abstract]
        return cast(rg.Workspace, workspace.create())

    def _find_or_make(self, replies: int) -> rg.Dataset:
        # Not `client.datasets(name)`, which warns if there is none.
        name = names.dataset_name(replies)
        for dataset in self._workspace.datasets:
            if dataset.name == name and dataset.api_model().status == "ready":
                return dataset.get()
            if dataset.name == name:  # its creation was interrupted: Argilla accepts no records in it
                dataset.delete()
        settings = dataset_settings(replies, self._aspects, self._annotators)
        return rg.Dataset(
            name=name, workspace=self._workspace, settings=settings, client=self._client
        ).create()


def _user_id(
    api_url: str, api_key: str, timeout: float, mounts: Mapping[str, httpx.HTTPTransport | None]
) -> str:
    """The user of the key. Asked before the official client is created, which leaks its connection when refused."""
    headers = {"X-Argilla-Api-Key": api_key}
    with httpx.Client(timeout=timeout, mounts=mounts) as client:
        return str(client.get(f"{api_url}/api/v1/me", headers=headers).raise_for_status().json()["id"])


def dataset_settings(replies: int, aspects: tuple[str, ...], annotators: int = 1) -> rg.Settings:
    """Fields, questions and metadata for `replies` candidates, ranked by `annotators` people each. Plain text only, because model output
    is untrusted Markdown."""
    texts = names.reply_names(replies)
    return rg.Settings(  # type: ignore[abstract]
        guidelines=GUIDELINES,
        distribution=rg.TaskDistribution(min_submitted=annotators),
        fields=[
            rg.ChatField(name=names.CHAT, title="Conversation", use_markdown=False),
            *(rg.TextField(name=text, title=_title(text), use_markdown=False) for text in texts),
        ],
        questions=[
            rg.RankingQuestion(
                name=names.RANKING, title="Best first", values={text: _title(text) for text in texts}
            ),
            rg.LabelQuestion(
                name=names.OVERALL,
                title="Will any do?",
                labels={names.SOME_GOOD: "At least one will do", names.ALL_BAD: "All are bad"},
                required=False,
            ),
            rg.MultiLabelQuestion(name=names.ASPECTS, title="Tone", labels=list(aspects), required=False),
            rg.TextQuestion(name=names.NOTE, title="Note", required=False),
            rg.TextQuestion(name=names.EDIT, title="How it should read", required=False),
        ],
        metadata=[
            # Hidden from annotators: a vote is blind.
            rg.TermsMetadataProperty(name="models", title="Models", visible_for_annotators=False),
            rg.TermsMetadataProperty(name="winner", title="Best model", visible_for_annotators=False),
            rg.TermsMetadataProperty(name="tone", title="Tone tags"),
            rg.TermsMetadataProperty(name="annotator", title="Ranked by"),
        ],
    )


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
