"""The Label Studio desk: each comparison is a task, and each of the owner's rankings an annotation of our token's user.

`label_studio_client` is imported at first use, because it imports Label Studio's SDK.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from feedback_app.desks import label_studio_payload as payload
from feedback_app.desks.base import (
    DeskRanking,
    DeskRecord,
    DeskRefused,
    DeskUnavailable,
    Pulled,
    Pushed,
)
from feedback_app.domain.comparison import ASPECTS
from feedback_app.settings import Settings

if TYPE_CHECKING:
    from feedback_app.desks.label_studio_exchange import LabelStudioExchange

BATCH = 250
Answer = TypeVar("Answer")


class LabelStudioDesk:
    """One user's projects on one server. Connects at first use, and again after the server was unreachable or replaced."""

    name = "label-studio"

    def __init__(
        self, url: str, token: str, timeout: float = 30.0, aspects: tuple[str, ...] = ASPECTS
    ) -> None:
        """`timeout` is in seconds per request. `aspects` are the labels of new projects."""
        self._url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._aspects = aspects
        self._lock = threading.Lock()
        self._exchange: LabelStudioExchange | None = None

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        """See AnnotationDesk."""
        refused: dict[str, str] = {}
        stored: list[DeskRanking] = []
        for batch in batches(records, refused):
            pushed = self._push(batch)
            stored += pushed.rankings
            refused |= pushed.refused
        return Pushed(tuple(stored), refused)

    def pull(self, mark: str) -> Pulled | None:
        """See AnnotationDesk."""
        return self._with_exchange(lambda exchange: exchange.pull(mark))

    def delete(self, comparison_ids: Collection[str]) -> None:
        """See AnnotationDesk."""
        self._with_exchange(lambda exchange: exchange.delete(comparison_ids))

    def health(self) -> bool:
        """Whether the server answers and accepts our token."""
        try:
            return self._with_exchange(lambda exchange: exchange.known_user())
        except (DeskUnavailable, DeskRefused):
            return False

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _push(self, batch: Sequence[DeskRecord]) -> Pushed:
        return self._with_exchange(lambda exchange: exchange.push(batch))

    def _with_exchange(self, do: Callable[[LabelStudioExchange], Answer]) -> Answer:
        """Run an action over our connection; once more over a new one if the server no longer has what we knew."""
        from feedback_app.desks.label_studio_client import Gone, desk_errors

        with self._lock:
            try:
                with desk_errors():
                    return do(self._connected())
            except Gone:
                self._disconnect()
                with desk_errors():
                    return do(self._connected())
            except DeskUnavailable:
                self._disconnect()
                raise

    def _connected(self) -> LabelStudioExchange:
        if self._exchange is None:
            from feedback_app.desks.label_studio_client import LabelStudioSession
            from feedback_app.desks.label_studio_exchange import LabelStudioExchange

            self._exchange = LabelStudioExchange(
                LabelStudioSession(self._url, self._token, self._timeout, self._aspects)
            )
        return self._exchange

    def _disconnect(self) -> None:
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None


def batches(records: Sequence[DeskRecord], refused: dict[str, str]) -> Iterator[list[DeskRecord]]:
    """Batches of records with the same number of candidates. Records that no project can hold are added to `refused`."""
    fewest, most = payload.FEWEST_REPLIES, payload.MOST_REPLIES
    by_replies: dict[int, dict[str, DeskRecord]] = {}
    for record in records:
        replies = len(record.candidates)
        if fewest <= replies <= most:
            by_replies.setdefault(replies, {})[record.comparison_id] = record
        else:
            refused[record.comparison_id] = f"Label Studio ranks {fewest} to {most} replies, not {replies}"
    for same in by_replies.values():
        listed = list(same.values())
        yield from (listed[start : start + BATCH] for start in range(0, len(listed), BATCH))


def label_studio_desk(settings: Settings) -> LabelStudioDesk | None:
    """The desk named in the settings, or None if none is set up or running."""
    if not settings.label_studio_url or not settings.label_studio_token:
        return None
    return LabelStudioDesk(settings.label_studio_url, settings.label_studio_token)
