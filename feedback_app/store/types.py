"""Column types that give the same on SQLite and PostgreSQL, whatever an older version stored."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Float
from sqlalchemy.types import TypeDecorator

from feedback_app.domain.text_rules import number_fault, seconds_fault


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC on the way in and out, on both databases (SQLite itself keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Finite(TypeDecorator[float]):
    """A number; one that is not finite, which older versions stored, is not known."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return _finite(value)

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        return _finite(value)


class Seconds(Finite):
    """The time that a verdict took; what nobody can have taken is not known."""

    cache_ok = True

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        return None if seconds_fault(value) else value


def _finite(value: float | None) -> float | None:
    return None if value is None or number_fault(value) else value
