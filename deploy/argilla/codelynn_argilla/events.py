"""Argilla's webhook events, built only when somebody listens.

Argilla loads a record's whole dataset for each event, six queries, before it asks whether there is any webhook.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from argilla_server.contexts import webhooks
from argilla_server.webhooks.v1 import records, responses
from sqlalchemy.ext.asyncio import AsyncSession

Build = Callable[[AsyncSession, Any, Any], Awaitable[Any]]


class Unheard:
    """An event that no webhook waits for."""

    async def notify(self, db: AsyncSession) -> list[Any]:
        return []


def skip_unheard_events() -> None:
    records.build_record_event = _if_heard(records.build_record_event)
    responses.build_response_event = _if_heard(responses.build_response_event)


def _if_heard(build: Build) -> Build:
    async def built(db: AsyncSession, event: Any, subject: Any) -> Any:
        return await build(db, event, subject) if await webhooks.list_enabled_webhooks(db) else Unheard()

    return built
