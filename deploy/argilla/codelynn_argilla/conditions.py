"""Argilla's filters as SQL conditions on `records`."""

from typing import Any

from argilla_server.enums import ResponseStatusFilter
from argilla_server.models import Record
from argilla_server.search_engine.base import (
    AndFilter,
    Filter,
    RangeFilter,
    RecordFilterScope,
    ResponseFilterScope,
    TermsFilter,
)
from sqlalchemy import ColumnElement, String, and_, cast, not_, or_, true, type_coerce

from codelynn_argilla.moments import moment
from codelynn_argilla.scopes import NUMBERS, record_column, scope_of


def condition(given: Filter) -> ColumnElement[bool]:
    if isinstance(given, AndFilter):
        return and_(true(), *(condition(part) for part in given.filters))
    if isinstance(given.scope, RecordFilterScope):
        return _record_condition(given, given.scope)
    if (
        isinstance(given, TermsFilter)
        and isinstance(given.scope, ResponseFilterScope)
        and not given.scope.question
    ):
        return _response_status(given)
    scope = scope_of(given.scope)
    return scope.any_row(_matches(given, scope.value, scope.json_type))


def _record_condition(given: TermsFilter | RangeFilter, scope: RecordFilterScope) -> ColumnElement[bool]:
    column = record_column(scope)
    if isinstance(given, TermsFilter):
        values = [str(getattr(value, "value", value)) for value in given.values]
        if column.key == Record.id.key:
            values = [value.replace("-", "") for value in values]  # ids are CHAR(32) without dashes
        return cast(column, String).in_(values)
    if column.key in ("inserted_at", "updated_at"):
        return _between(column, *(None if bound is None else moment(bound) for bound in (given.ge, given.le)))
    return _between(
        type_coerce(column, String),
        *(None if bound is None else str(bound) for bound in (given.ge, given.le)),
    )


def _response_status(given: TermsFilter) -> ColumnElement[bool]:
    """`pending` means that there is no response yet."""
    scope = scope_of(given.scope)
    statuses = [value for value in given.values if value != ResponseStatusFilter.pending]
    parts: list[ColumnElement[bool]] = []
    if statuses:
        parts.append(scope.any_row(type_coerce(scope.value, String).in_(map(str, statuses))))
    if len(statuses) < len(given.values):
        parts.append(not_(scope.any_row()))
    return or_(*parts)


def _matches(given: TermsFilter | RangeFilter, value: Any, json_type: Any | None) -> ColumnElement[bool]:
    if isinstance(given, TermsFilter):
        return _one_of([str(getattr(term, "value", term)) for term in given.values], value, json_type)
    within = _between(value, _number(given.ge), _number(given.le))
    return within if json_type is None else and_(within, json_type.in_(NUMBERS))


def _one_of(terms: list[str], value: Any, json_type: Any | None) -> ColumnElement[bool]:
    """Terms arrive as text, whatever they are in the record."""
    parts: list[ColumnElement[bool]] = [cast(value, String).in_(terms)]
    if json_type is not None:
        numbers = [number for term in terms if isinstance(number := _number(term), float)]
        if numbers:
            parts.append(and_(json_type.in_(NUMBERS), value.in_(numbers)))
        booleans = {"true", "false"} & {term.lower() for term in terms}
        if booleans:
            parts.append(json_type.in_(booleans))
    return or_(*parts)


def _between(value: Any, low: object, high: object) -> ColumnElement[bool]:
    bounds = []
    if low is not None:
        bounds.append(value >= low)
    if high is not None:
        bounds.append(value <= high)
    return and_(true(), *bounds)


def _number(value: Any) -> Any:
    """A float where there is one in it, else the value itself."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
