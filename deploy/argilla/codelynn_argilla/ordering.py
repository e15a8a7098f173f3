"""The order of search results."""

import hashlib
from typing import Any
from uuid import UUID

from argilla_server.enums import SortOrder
from argilla_server.models import Record
from argilla_server.search_engine.base import Order, RecordFilterScope, ResponseFilterScope
from sqlalchemy import func, literal_column

from codelynn_argilla.scopes import record_column, scope_of

_PRIME = 2_147_483_647  # below 2**31, so that products stay within SQLite's 64-bit integers


def ordering(orders: list[Order] | None, user_id: UUID | None) -> list[Any]:
    """By the wanted orders; else shuffled per user; else by age. The record's id breaks ties."""
    if orders:
        wanted = [part for order in orders for part in _order_by(order)]
    elif user_id:
        wanted = [_shuffle(user_id)]
    else:
        wanted = [Record.inserted_at.asc()]
    return [*wanted, Record.id]


def _order_by(order: Order) -> list[Any]:
    """Missing values come last both ways, as in Elasticsearch."""
    descending = order.order == SortOrder.desc
    if isinstance(order.scope, RecordFilterScope):
        column = record_column(order.scope)
    else:
        scope = scope_of(order.scope)
        value: Any = func.max(scope.value) if descending else func.min(scope.value)
        if isinstance(order.scope, ResponseFilterScope) and order.scope.question:
            value = func.coalesce(func.avg(scope.number()), value)  # the mean of all annotators' numbers
        column = scope.aggregate(value)
    return [column.is_(None), column.desc() if descending else column.asc()]


def _shuffle(user_id: UUID) -> Any:
    """A stable mix of the row numbers, so that annotators do not all start with the same records."""
    seed = int(hashlib.sha256(str(user_id).encode()).hexdigest(), 16)
    factor, offset, first, second = ((seed >> 31 * i) % (_PRIME - 1) + 1 for i in range(4))
    mixed = f"((records.rowid % {_PRIME} * {factor} + {offset}) % {_PRIME})"
    for addend in (first, second):
        mixed = f"(({mixed} * {mixed} + {addend}) % {_PRIME})"
    return literal_column(mixed)
