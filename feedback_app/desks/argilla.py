"""The Argilla desk: each comparison is a record, each verdict a submitted response of our API user.

`argilla_client` is imported when it is first needed, because it imports `argilla`, which takes seconds.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx

from feedback_app.desks import argilla_payload as payload
from feedback_app.desks.argilla_payload import DatasetGone
from feedback_app.desks.base import DeskRecord, DeskRefused, DeskUnavailable
from feedback_app.domain.aspects import ASPECTS

if TYPE_CHECKING:
    from feedback_app.desks.argilla_client import ArgillaSession

# Never send loopback traffic to a proxy out of the environment.
DIRECT: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}


class ArgillaDesk:
    """Delivers to one workspace. Connects when first needed and again after the server was away or replaced."""

    name = "argilla"

    def __init__(
        self,
        api_url: str,
        api_key: str,
        workspace: str = "codelynn",
        timeout: float = 10.0,
        aspects: tuple[str, ...] = ASPECTS,
    ) -> None:
        """`timeout` is in seconds, for each request. `aspects` (two or more) label datasets that are not there yet;
        other aspects are kept too, as metadata."""
        self._api_url = api_url.rstrip("/")
        self._api_key = api_key
        self._workspace = workspace
        self._timeout = timeout
        self._aspects = aspects
        self._lock = threading.Lock()
        self._session: ArgillaSession | None = None

    def deliver(self, record: DeskRecord) -> None:
        """See AnnotationDesk. Raises DeskUnavailable, DeskRefused."""
        replies = len(record.candidates)
        if not payload.FEWEST_REPLIES <= replies <= payload.MOST_REPLIES:
            raise DeskRefused(
                f"Argilla ranks {payload.FEWEST_REPLIES} to {payload.MOST_REPLIES} replies, not {replies}"
            )
        if not payload.chat(record.messages):
            raise DeskRefused("the conversation is empty")
        with self._lock:
            try:
                self._bring_up_to_date(record)
            except DeskUnavailable as error:
                self._disconnect()
                if not isinstance(error, DatasetGone):
                    raise
                self._bring_up_to_date(record)  # the server was replaced: its ids are new

    def health(self) -> bool:
        """Whether the server answers and takes our key."""
        headers = {"X-Argilla-Api-Key": self._api_key}
        try:
            with httpx.Client(timeout=self._timeout, mounts=DIRECT) as client:
                return client.get(f"{self._api_url}/api/v1/me", headers=headers).status_code == httpx.codes.OK
        except (httpx.HTTPError, httpx.InvalidURL):
            return False

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _bring_up_to_date(self, record: DeskRecord) -> None:
        from feedback_app.desks.argilla_client import desk_errors

        with desk_errors():
            session = self._connected()
            replies = len(record.candidates)
            body = payload.record_body(record, session.user_id, session.known_aspects(replies))
            stored = session.upsert(body, replies)
            if not payload.has_verdict(record):
                session.withdraw(stored)

    def _connected(self) -> ArgillaSession:
        if self._session is None:
            from feedback_app.desks.argilla_client import ArgillaSession

            user = (self._api_url, self._api_key, self._workspace)
            self._session = ArgillaSession(*user, timeout=self._timeout, mounts=DIRECT, aspects=self._aspects)
        return self._session

    def _disconnect(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
