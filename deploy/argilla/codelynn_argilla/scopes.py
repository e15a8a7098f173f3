"""Where a filter or an order looks: the rows beside a record, and the value in them."""

from dataclasses import dataclass
from typing import Any

from argilla_server.models import Question, Record, Response, Suggestion
from argilla_server.search_engine.base import (
    FilterScope,
    MetadataFilterScope,
    RecordFilterScope,
    ResponseFilterScope,
    SuggestionFilterScope,
)
from sqlalchemy import ColumnElement, Exists, Select, String, case, func, literal, select, type_coerce

NUMBERS = ("integer", "real")  # what SQLite calls them in JSON


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows that belong to one record. `json_type` is the value's JSON type where it came out of JSON."""

    tables: tuple[Any, ...]
    where: tuple[Any, ...]
    value: ColumnElement[Any]
    json_type: ColumnElement[str] | None = None

    def number(self) -> ColumnElement[Any]:
        """The value where it is a number in JSON, else NULL."""
        return self.value if self.json_type is None else case((self.json_type.in_(NUMBERS), self.value))

    def any_row(self, *conditions: Any) -> Exists:
        """Whether the record has such a row that meets the conditions."""
        return self._rows(select(literal(1)), *conditions).exists()

    def aggregate(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        return self._rows(select(expression)).scalar_subquery()

    def _rows(self, query: Select[Any], *conditions: Any) -> Select[Any]:
        return query.select_from(*self.tables).where(*self.where, *conditions).correlate(Record)


def record_column(scope: RecordFilterScope) -> Any:
    name = str(getattr(scope.property, "value", scope.property))
    return getattr(Record, name)


def raw_id() -> ColumnElement[str]:
    """The record's id as it is stored: 32 hexadecimal digits. Comparing it with our tables needs no conversion."""
    return type_coerce(Record.id, String)


def each(column: Any, *names: str) -> Any:
    """Values at a JSON path; a scalar counts as a list of one, as in Elasticsearch."""
    path = "$" + "".join('."{}"'.format(name.replace('"', "")) for name in names)
    return func.json_each(column, path).table_valued("value", "type", joins_implicitly=True)


def scope_of(scope: FilterScope) -> Scope:
    """The rows of a metadata, suggestion or response scope. Raises ValueError for any other."""
    if isinstance(scope, MetadataFilterScope):
        rows = each(Record.metadata_, scope.metadata_property)
        return Scope((rows,), (), rows.c.value, rows.c.type)
    if isinstance(scope, SuggestionFilterScope):
        return _suggestion_scope(scope)
    if isinstance(scope, ResponseFilterScope):
        return _response_scope(scope)
    raise ValueError(f"cannot search in a {type(scope).__name__}")


def _suggestion_scope(scope: SuggestionFilterScope) -> Scope:
    where = (
        Suggestion.record_id == Record.id,
        Question.id == Suggestion.question_id,
        Question.name == scope.question,
    )
    # Argilla allows null for the property and hands it on as the text "None"
    column = getattr(Suggestion, scope.property, Suggestion.value)
    if scope.property in ("agent", "type"):
        return Scope((Suggestion, Question), where, column)
    rows = each(column)
    return Scope((Suggestion, Question, rows), where, rows.c.value, rows.c.type)


def _response_scope(scope: ResponseFilterScope) -> Scope:
    where: tuple[Any, ...] = (Response.record_id == Record.id,)
    if scope.user:
        where += (Response.user_id == scope.user.id,)
    if not scope.question:
        return Scope((Response,), where, Response.status)
    rows = each(Response.values, scope.question, "value")
    return Scope((Response, rows), where, rows.c.value, rows.c.type)
