"""The database: one repository class per kind of record, on SQLite or PostgreSQL, with the tables and their migrations.

It may import `domain` and `errors` and nothing else of the service.
Callers open a `Store` with `open_store` and use its repositories; they never see a table or a connection.
"""

from feedback_app.store.checkpoints import CheckpointExists, CheckpointNeeded
from feedback_app.store.comparisons import ComparisonNotFound
from feedback_app.store.conversations import ConversationNotFound, InvalidRating
from feedback_app.store.database import DatabaseUnavailable
from feedback_app.store.desks import Agreed, DeskState
from feedback_app.store.ids import AmbiguousId
from feedback_app.store.migration import DatabaseTooNew, migrate
from feedback_app.store.outbox import OutboxItem
from feedback_app.store.paging import InvalidCursor, Page, UnreadableRecord
from feedback_app.store.promotions import CheckpointNotFound, NothingToRollBack, StaleFence
from feedback_app.store.rounds import RoundNotFound
from feedback_app.store.store import Store, open_store

__all__ = [
    "Agreed",
    "AmbiguousId",
    "CheckpointExists",
    "CheckpointNeeded",
    "CheckpointNotFound",
    "ComparisonNotFound",
    "ConversationNotFound",
    "DatabaseTooNew",
    "DatabaseUnavailable",
    "DeskState",
    "InvalidCursor",
    "InvalidRating",
    "NothingToRollBack",
    "OutboxItem",
    "Page",
    "RoundNotFound",
    "StaleFence",
    "Store",
    "UnreadableRecord",
    "migrate",
    "open_store",
]
