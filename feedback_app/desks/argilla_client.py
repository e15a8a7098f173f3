"""The official client, wrapped once: connect, find or make a dataset, upsert a record, name the errors.

Importing this imports `argilla` (seconds), so `ArgillaDesk` does it when it first delivers. Records go through the
client's own HTTP session: its `records.log` draws a progress bar, may quote a record in a warning and cannot take a
response back. Warnings and errors of the client can hold text of a record, so none is chained or shown.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import httpx

from feedback_app.desks import argilla_payload as names
from feedback_app.desks.argilla_payload import DatasetGone
from feedback_app.desks.base import DeskRefused, DeskUnavailable

with warnings.catch_warnings():  # argilla 2.8 declares its models in pydantic 1's way
    warnings.simplefilter("ignore", DeprecationWarning)
    import argilla as rg
    from argilla._exceptions import ArgillaAPIError
    from argilla._exceptions._base import ArgillaError

TRY_LATER = {408, 409, 425, 429}
GUIDELINES = (
    "Each record is a conversation and replies to it. Rank the replies by tone, best first; equal ranks are ties. "
    "Tick `All are bad` where none will do."
)


@contextmanager
def desk_errors() -> Iterator[None]:
    """Errors of the client and of HTTP as DeskUnavailable or DeskRefused, without any text of a record."""
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
    """One connection as one user. Methods raise the client's own errors: call them within `desk_errors`."""

    def __init__(
        self,
        api_url: str,
        api_key: str,
        workspace: str,
        *,
        timeout: float,
        mounts: Mapping[str, httpx.HTTPTransport | None],
        aspects: tuple[str, ...],
    ) -> None:
        self._user_id = _user_id(api_url, api_key, timeout, mounts)
        # Our callers try again, so the client must not: its five tries take half a minute.
        seconds = cast(int, timeout)  # it goes to httpx, which takes parts of seconds
        self._client = rg.Argilla(api_url=api_url, api_key=api_key, timeout=seconds, retries=0, mounts=mounts)
        self._http: httpx.Client = self._client.http_client
        self._workspace = self._find_or_make_workspace(workspace)
        self._aspects = aspects
        self._datasets: dict[int, rg.Dataset] = {}

    def upsert(self, body: dict[str, Any], replies: int) -> dict[str, Any]:
        """Create or update one record; the record as stored, its responses included."""
        address = f"/api/v1/datasets/{self.dataset(replies).id}/records/bulk"
        answer = self._http.put(address, json={"items": [body]}).raise_for_status()
        stored: dict[str, Any] = answer.json()["items"][0]
        return stored

    def withdraw(self, stored: dict[str, Any]) -> None:
        """Delete our own response; those of other annotators stay."""
        for response in stored.get("responses") or ():
            if response["user_id"] == self._user_id:
                self._http.delete(f"/api/v1/responses/{response['id']}").raise_for_status()

    @property
    def user_id(self) -> str:
        return self._user_id

    def known_aspects(self, replies: int) -> list[str]:
        """The labels that this dataset was made with; Argilla never lets them change. Raises DeskRefused."""
        question = self.dataset(replies).settings.questions[names.ASPECTS]
        if not isinstance(question, rg.MultiLabelQuestion):
            raise DeskRefused(
                f"codeLynn did not make the dataset {names.dataset_name(replies)}: rename it in Argilla"
            )
        return list(question.labels)

    def dataset(self, replies: int) -> rg.Dataset:
        """The dataset for so many candidates, made if it is not there."""
        if replies not in self._datasets:
            self._datasets[replies] = self._find_or_make(replies)
        return self._datasets[replies]

    def close(self) -> None:
        self._http.close()

    def _find_or_make_workspace(self, name: str) -> rg.Workspace:
        for workspace in self._client.workspaces:
            if workspace.name == name:
                return cast(rg.Workspace, workspace)
        made = rg.Workspace(name=name, client=self._client)  # type: ignore[abstract]
        return cast(rg.Workspace, made.create())

    def _find_or_make(self, replies: int) -> rg.Dataset:
        # By hand, because `client.datasets(name)` warns where there is none.
        name = names.dataset_name(replies)
        for dataset in self._workspace.datasets:
            if dataset.name == name and dataset.api_model().status == "ready":
                return dataset.get()
            if dataset.name == name:  # a creation that was cut off: Argilla takes no records into it
                dataset.delete()
        settings = dataset_settings(replies, self._aspects)
        return rg.Dataset(
            name=name, workspace=self._workspace, settings=settings, client=self._client
        ).create()


def _user_id(
    api_url: str, api_key: str, timeout: float, mounts: Mapping[str, httpx.HTTPTransport | None]
) -> str:
    """Whose key it is. Asked before the official client is made, which leaks its connection when refused."""
    headers = {"X-Argilla-Api-Key": api_key}
    with httpx.Client(timeout=timeout, mounts=mounts) as client:
        return str(client.get(f"{api_url}/api/v1/me", headers=headers).raise_for_status().json()["id"])


def dataset_settings(replies: int, aspects: tuple[str, ...]) -> rg.Settings:
    """Fields, questions and metadata for `replies` candidates. Plain text only: model output is untrusted Markdown."""
    texts = names.reply_names(replies)
    return rg.Settings(  # type: ignore[abstract]
        guidelines=GUIDELINES,
        fields=[
            rg.ChatField(name=names.CHAT, title="Conversation", use_markdown=False),
            *(rg.TextField(name=text, title=_title(text), use_markdown=False) for text in texts),
        ],
        questions=[
            rg.RankingQuestion(
                name=names.RANKING, title="Best first", values={text: _title(text) for text in texts}
            ),
            rg.LabelQuestion(
                name=names.VERDICT,
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
