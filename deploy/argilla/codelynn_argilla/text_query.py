"""A text query as SQL: which records match, and how well."""

from typing import Any

from argilla_server.search_engine.base import TextQuery
from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    TableClause,
    and_,
    column,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    table,
    true,
    union_all,
)

from codelynn_argilla.ddl import FTS, MAP, PIECES
from codelynn_argilla.scopes import raw_id
from codelynn_argilla.scripts import is_spaceless
from codelynn_argilla.syntax import AllOf, AnyOf, Node, Not, Words, parse, wanted

SHORTEST_PIECE = 3  # what the trigram tokenizer can look up; shorter ones are looked for in the texts
_MAP = table(MAP, column("id"), column("record_id"), column("field"))
_FTS, _PIECES = (table(name, column("rowid"), column("content"), column("rank")) for name in (FTS, PIECES))


class Search:
    """One text query: `condition` tells which rows of `records` match, `scores` how well."""

    def __init__(self, query: TextQuery | str) -> None:
        query = TextQuery(q=query) if isinstance(query, str) else query
        self._node = parse(query.q)
        self._field = query.field

    @property
    def is_selective(self) -> bool:
        """Whether it names words to find, and does not only exclude some."""
        return bool(wanted(self._node))

    def condition(self) -> ColumnElement[bool]:
        return false() if self._node is None else self._where(self._node)

    def scores(self) -> Subquery | None:
        """(record_id, score) of the records with any wanted word; None if no word is wanted."""
        hits = _scored(wanted(self._node))
        if not hits:
            return None
        rows = union_all(*hits).subquery()
        found = select(_MAP.c.record_id, func.sum(rows.c.score).label("score"))
        found = self._in_field(found.join(rows, rows.c.id == _MAP.c.id))
        return found.group_by(_MAP.c.record_id).subquery()

    def _where(self, node: Node) -> ColumnElement[bool]:
        match node:
            case Words():
                found = select(_MAP.c.record_id).where(_MAP.c.id.in_(_rows_with(node)))
                return raw_id().in_(self._in_field(found))
            case Not(part):
                return not_(self._where(part))
            case AllOf(parts):
                return and_(true(), *(self._where(part) for part in parts))
            case AnyOf(parts):
                return or_(false(), *(self._where(part) for part in parts))

    def _in_field(self, rows: Select[Any]) -> Select[Any]:
        return rows.where(_MAP.c.field == self._field) if self._field else rows


def _rows_with(words: Words) -> Select[Any]:
    """Row numbers of the fields that have these words."""
    if not is_spaceless(words.text):
        return select(_FTS.c.rowid).where(_match(_FTS, [words]))
    long = len(words.text) >= SHORTEST_PIECE
    return select(_PIECES.c.rowid).where(_match(_PIECES, [words]) if long else _place(words) > 0)


def _scored(words: list[Words]) -> list[Select[Any]]:
    """(id, score) of rows with any of the words, one query for each way to find them."""
    plain = [each for each in words if not is_spaceless(each.text)]
    pieces = [each for each in words if is_spaceless(each.text)]
    long = [each for each in pieces if len(each.text) >= SHORTEST_PIECE]
    hits = [_ranked(index, some) for index, some in ((_FTS, plain), (_PIECES, long)) if some]
    return hits + [_by_frequency(each) for each in pieces if each not in long]


def _ranked(index: TableClause, words: list[Words]) -> Select[Any]:
    score = (-index.c.rank).label("score")  # FTS5's rank is bm25, negative: the best first
    return select(index.c.rowid.label("id"), score).where(_match(index, words))


def _by_frequency(words: Words) -> Select[Any]:
    """How often a short piece occurs, with bm25's saturation."""
    content = func.lower(_PIECES.c.content)
    without = func.replace(content, words.text.lower(), "")
    times = (func.length(content) - func.length(without)) * 1.0 / len(words.text)
    hits = select(_PIECES.c.rowid.label("id"), (times / (times + 1.2)).label("score"))
    return hits.where(_place(words) > 0)


def _place(words: Words) -> ColumnElement[int]:
    return func.instr(func.lower(_PIECES.c.content), words.text.lower())


def _match(index: TableClause, words: list[Words]) -> ColumnElement[bool]:
    return literal_column(index.name).op("MATCH", is_comparison=True)(" OR ".join(map(_quoted, words)))


def _quoted(words: Words) -> str:
    return '"' + words.text.replace('"', '""') + '"' + ("*" if words.prefix else "")
