"""Column types that behave the same on SQLite and PostgreSQL. A value of an older version that cannot be read becomes one of the
`damaged` values instead of raising an error, so that one bad row does not block the others."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Float, Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from feedback_app.domain.damage import UNREADABLE, DamagedMoment, DamagedNumber, DamagedObject
from feedback_app.domain.text_rules import number_fault, seconds_fault


class UtcDateTime(TypeDecorator[datetime]):
    """A date with time, aware and in UTC on both databases (SQLite itself stores no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """A date that could not be read is compared by its stored form."""
        write: Any = super().bind_processor(dialect)
        return lambda value: (
            value.stored if isinstance(value, DamagedMoment) else write(value) if write else value
        )

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """SQLite may store anything in a date column."""
        read: Any = super().result_processor(dialect, coltype)

        def moment(value: Any) -> Any:
            try:
                return read(value)
            except (ValueError, TypeError, OverflowError):
                return DamagedMoment.of(value)

        return moment

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Finite(TypeDecorator[float]):
    """A number. Values that are not finite numbers, which older versions stored, become None."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return _finite(value)

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        return _finite(value)


class Seconds(Finite):
    """The time that a ranking took. Impossible times become None."""

    cache_ok = True

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        known = _finite(value)
        return None if seconds_fault(known) else known


class Amount(Finite):
    """A number that is always known. What is not a finite number is damaged."""

    cache_ok = True

    def process_result_value(self, value: float | None, dialect: Dialect) -> float:
        known = _finite(value)
        return DamagedNumber() if known is None else known


class Whole(TypeDecorator[int]):
    """A whole number. SQLite may store anything in its column: what is no whole number is damaged."""

    impl = Integer
    cache_ok = True

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or isinstance(value, int) else DamagedNumber()


class PlainText(TypeDecorator[str]):
    """A text. SQLite may store bytes in its column, which are damaged."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, str) else UNREADABLE


class JsonText(TypeDecorator[str]):
    """A text that is stored as a JSON string. Other JSON is damaged; null is None where the text is `optional`."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, optional: bool = False) -> None:
        super().__init__()
        self.optional = optional

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None and self.optional:
            return None
        return value if isinstance(value, str) else UNREADABLE


class Document(TypeDecorator[dict[str, Any]]):
    """A JSON object. Other JSON is damaged; null is None where the object is `optional`."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, optional: bool = False) -> None:
        super().__init__()
        self.optional = optional

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, Any] | None:
        if value is None and self.optional:
            return None
        return value if isinstance(value, dict) else DamagedObject()


class Measures(Document):
    """Numbers by name, as a JSON object. Values that are not finite numbers are left out."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, Any] | None:
        document = super().process_result_value(value, dialect)
        if not document:
            return document
        return {name: number for name, number in document.items() if _finite(number) is not None}


class array_length(FunctionElement[int]):
    """The length of a JSON array; NULL for anything else."""

    type = Integer()
    inherit_cache = True


@compiles(array_length, "postgresql")
def _in_postgresql(element: array_length, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    return f"CASE WHEN json_typeof({array}) = 'array' THEN json_array_length({array}) END"


@compiles(array_length)
def _in_sqlite(element: array_length, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    return f"CASE WHEN json_valid({array}) THEN json_array_length({array}) END"


class json_item(FunctionElement[str]):
    """What a JSON value holds at a path, given as one literal for each step; NULL if there is nothing. Only good to be compared with
    another `json_item`: SQLite gives the text, PostgreSQL its JSON, because it has texts that it cannot give."""

    type = Text()
    inherit_cache = True


@compiles(json_item, "postgresql")
def _item_in_postgresql(element: json_item, compiler: SQLCompiler, **options: Any) -> str:
    column, *path = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} #> '{{{','.join(path)}}}')::text"


@compiles(json_item)
def _item_in_sqlite(element: json_item, compiler: SQLCompiler, **options: Any) -> str:
    column, *path = (compiler.process(clause, **options) for clause in element.clauses)
    steps = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in path)
    return f"CASE WHEN json_valid({column}) THEN json_extract({column}, '${steps}') END"


def _finite(value: float | None) -> float | None:
    return None if not isinstance(value, (int, float)) or number_fault(value) else value
