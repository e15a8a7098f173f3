"""Errors in a file: the line and the reason, never the text of the file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from feedback_app.errors import FAILED, Invalid

KEPT_ERRORS = 50


class BadRecord(ValueError):
    """A record cannot be read. The message gives the reason and none of the record's text."""


@dataclass(frozen=True, slots=True)
class LineError:
    """`line` counts from 1 (rows in Parquet, items in an array); 0 means the file as a whole."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else f"the file {self.reason}"


def line_details(errors: Sequence[LineError], total: int) -> dict[str, object]:
    """The bad lines as fields of an HTTP answer."""
    return {"errors": [{"line": bad.line, "reason": bad.reason} for bad in errors], "bad_lines": total}


class ImportRefused(Invalid, ValueError):
    """Nothing was imported. `errors` holds the first 50 bad lines, `total` is the number of bad lines."""

    exit_code = FAILED

    def __init__(self, errors: list[LineError], total: int) -> None:
        self.errors = errors
        self.total = total
        more = f" (and {total - 1} more bad lines)" if total > 1 else ""
        super().__init__(f"nothing was imported: {errors[0]}{more}; correct the file and import it again")

    def details(self) -> dict[str, object]:
        return line_details(self.errors, self.total)


@dataclass(slots=True)
class Problems:
    """Collects the bad lines of one file."""

    count: int = 0
    errors: list[LineError] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(LineError(line, reason))

    def refuse(self) -> None:
        """Raise ImportRefused if there are any."""
        if self.errors:
            raise ImportRefused(sorted(self.errors, key=lambda error: error.line), self.count)
