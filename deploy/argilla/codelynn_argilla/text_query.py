"""A text query as an SQL condition: terms (all must occur), "phrases", prefix*, -not, a | b."""

import re

from argilla_server.models import Record
from argilla_server.search_engine.base import TextQuery
from sqlalchemy import ColumnElement, and_, column, false, literal_column, not_, or_, select, table

from codelynn_argilla.ddl import FTS, MAP

_PART = re.compile(r'([-+]?)(?:"([^"]*)"|([^\s"()]+))')
_MAP = table(MAP, column("id"), column("record_id"), column("field"))
_FTS = table(FTS, column("rowid"))


def text_condition(query: TextQuery | str) -> ColumnElement[bool]:
    """Whether a row of `records` matches. Anything may be typed: what has no word in it is left out."""
    query = TextQuery(q=query) if isinstance(query, str) else query
    groups = [
        condition for group in query.q.split("|") if (condition := _all_of(group, query.field)) is not None
    ]
    return or_(*groups) if groups else false()


def _all_of(group: str, field: str | None) -> ColumnElement[bool] | None:
    parts = []
    for sign, phrase, word in _PART.findall(group):
        term = (phrase or word).rstrip("*")
        if re.search(r"\w", term):
            found = _contains(term, field, prefix=word.endswith("*"))
            parts.append(not_(found) if sign == "-" else found)
    return and_(*parts) if parts else None


def _contains(term: str, field: str | None, *, prefix: bool) -> ColumnElement[bool]:
    quoted = '"' + term.replace('"', " ") + '"' + ("*" if prefix else "")
    hits = select(_FTS.c.rowid).where(literal_column(FTS).op("MATCH")(quoted))
    found = select(_MAP.c.record_id).where(_MAP.c.id.in_(hits))
    if field:
        found = found.where(_MAP.c.field == field)
    return Record.id.in_(found)
