"""The Argilla desk: each comparison is a record, and each of the owner's rankings a submitted response of our API user.

`argilla_client` is imported at first use, because importing `argilla` takes seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import httpx

from feedback_app.desks import argilla_payload as payload
from feedback_app.desks.argilla_payload import DatasetGone
from feedback_app.desks.argilla_sync import delete_all, pull_all, push_group
from feedback_app.desks.base import DeskRanking, DeskRecord, DeskUnavailable, Pulled, Pushed
from feedback_app.domain.comparison import ASPECTS

if TYPE_CHECKING:
    from feedback_app.desks.argilla_client import ArgillaSession

T = TypeVar("T")

# Never send loopback traffic to a proxy from the environment.
DIRECT: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}


class ArgillaDesk:
    """Delivers to one workspace. Connects at first use, and again after the server was unreachable or replaced."""

    name = "argilla"

    def __init__(
        self,
        api_url: str,
        api_key: str,
        workspace: str = "codelynn",
        timeout: float = 10.0,
        aspects: tuple[str, ...] = ASPECTS,
        annotators: int = 1,
    ) -> None:
        """`timeout` is in seconds per request. `aspects` (two or more) are the labels of new datasets; other aspects are
        stored as metadata. `annotators` is how many people rank each record."""
        self._api_url = api_url.rstrip("/")
        self._api_key = api_key
        self._workspace = workspace
        self._timeout = timeout
        self._aspects = aspects
        self._annotators = annotators
        self._lock = threading.Lock()
        self._session: ArgillaSession | None = None

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        """See AnnotationDesk. Raises DeskUnavailable, DeskRefused."""
        refused = {record.comparison_id: reason for record in records if (reason := _why_unfit(record))}
        fit = [record for record in records if record.comparison_id not in refused]
        stored: list[DeskRanking] = []
        for replies, group in _by_size(fit).items():
            pushed = self._within(partial(push_group, replies=replies, records=group))
            stored += pushed.rankings
            refused |= pushed.refused
        return Pushed(tuple(stored), refused)

    def pull(self, mark: str) -> Pulled | None:
        """See AnnotationDesk. The mark holds the time of the last answer in each dataset."""
        return self._within(partial(pull_all, mark=mark))

    def delete(self, comparison_ids: Collection[str]) -> None:
        """See AnnotationDesk. Reads every record, because Argilla cannot look one up by our id."""
        self._within(partial(delete_all, comparison_ids=comparison_ids))

    def health(self) -> bool:
        """Whether the server answers and accepts our key."""
        headers = {"X-Argilla-Api-Key": self._api_key}
        try:
            with httpx.Client(timeout=self._timeout, mounts=DIRECT) as client:
                return client.get(f"{self._api_url}/api/v1/me", headers=headers).status_code == httpx.codes.OK
        except (httpx.HTTPError, httpx.InvalidURL):
            return False

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _within(self, act: Callable[[ArgillaSession], T]) -> T:
        """Run an action on the server; once more over a new connection if the server was replaced and has other ids."""
        with self._lock:
            try:
                return self._attempt(act)
            except DeskUnavailable as error:
                self._disconnect()
                if not isinstance(error, DatasetGone):
                    raise
                return self._attempt(act)

    def _attempt(self, act: Callable[[ArgillaSession], T]) -> T:
        from feedback_app.desks.argilla_client import desk_errors

        with desk_errors():
            return act(self._connected())

    def _connected(self) -> ArgillaSession:
        if self._session is None:
            from feedback_app.desks.argilla_client import ArgillaSession

            user = (self._api_url, self._api_key, self._workspace)
            more = {"aspects": self._aspects, "annotators": self._annotators}
            self._session = ArgillaSession(*user, timeout=self._timeout, mounts=DIRECT, **more)  # type: ignore[arg-type]
        return self._session

    def _disconnect(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _why_unfit(record: DeskRecord) -> str:
    """Why Argilla cannot take a record; empty if it can."""
    replies = len(record.candidates)
    if not payload.FEWEST_REPLIES <= replies <= payload.MOST_REPLIES:
        return f"Argilla ranks {payload.FEWEST_REPLIES} to {payload.MOST_REPLIES} replies, not {replies}"
    return "" if payload.chat(record.messages) else "the conversation is empty"


def _by_size(records: Sequence[DeskRecord]) -> dict[int, list[DeskRecord]]:
    sizes: dict[int, list[DeskRecord]] = {}
    for record in records:
        sizes.setdefault(len(record.candidates), []).append(record)
    return sizes
