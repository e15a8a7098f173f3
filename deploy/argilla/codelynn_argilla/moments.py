"""Moments as filters give them."""

from datetime import UTC, datetime

from argilla_server.errors.future import UnprocessableEntityError


def moment(value: float | str) -> datetime:
    """Milliseconds since 1970 or ISO text, as the naive UTC of the rows. Raises UnprocessableEntityError."""
    try:
        return _from_milliseconds(float(value))
    except ValueError:
        pass  # not a number: text of a date
    try:
        parsed = datetime.fromisoformat(str(value).strip())
        return parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
    except (ValueError, OverflowError):
        raise UnprocessableEntityError("a date in ISO format or milliseconds since 1970 are needed") from None


def _from_milliseconds(value: float) -> datetime:
    """The nearest date that there is."""
    try:
        return datetime.fromtimestamp(value / 1000, UTC).replace(tzinfo=None)
    except (OverflowError, OSError, ValueError):
        return datetime.min if value < 0 else datetime.max
