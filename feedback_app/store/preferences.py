"""The owner's preferences: one row for each preference that was set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, delete, insert, select

from feedback_app.store.database import Database
from feedback_app.store.tables import DOCUMENT, metadata
from feedback_app.store.types import PlainText

# A preference without a row has the value of the environment or the default.
preferences = Table(
    "preferences",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("value", DOCUMENT, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredPreferences:
    database: Database

    def all(self) -> dict[str, Any]:
        """All preferences that were set, by name."""
        with self.database.read() as connection:
            rows = connection.execute(select(preferences.c.name, preferences.c.value)).all()
        return {row.name: row.value for row in rows}

    def put(self, changes: Mapping[str, Any]) -> None:
        """Store these preferences, all or none. The value None deletes a preference."""
        kept = [{"name": name, "value": value} for name, value in changes.items() if value is not None]
        with self.database.write() as connection:
            connection.execute(delete(preferences).where(preferences.c.name.in_(list(changes))))
            if kept:
                connection.execute(insert(preferences), kept)

    def clear(self) -> None:
        """Delete all preferences."""
        with self.database.write() as connection:
            connection.execute(delete(preferences))
