"""The vectors of a setting as one matrix in memory, brought up to date by the numbered changes (see ddl.py)."""

# ruff: noqa: S608  (the name in these statements is the constant of ddl.py)

import json
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from argilla_server.models import VectorSettings
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from codelynn_argilla.ddl import VECTOR_CHANGES

MOST_TABLES = 8  # the tables used last stay in memory
_LATEST = text(f"SELECT COALESCE(MAX(number), 0) FROM {VECTOR_CHANGES} WHERE vector_settings_id = :settings")
_ALL = text(
    "SELECT v.record_id, v.value FROM vectors v WHERE v.vector_settings_id = :settings ORDER BY v.record_id"
)
_CHANGED = text(f"""SELECT c.record_id, v.value FROM {VECTOR_CHANGES} c LEFT JOIN vectors v
    ON v.record_id = c.record_id AND v.vector_settings_id = c.vector_settings_id
    WHERE c.vector_settings_id = :settings AND c.number > :after""")


@dataclass(frozen=True, slots=True)
class VectorTable:
    """One row of length 1 for each record id; `number` is the last change that is in it."""

    number: int
    ids: list[str]
    matrix: NDArray[np.float32]

    def rows(self, chosen: set[str] | None, left_out: str | None) -> NDArray[np.intp]:
        """The numbers of the chosen rows, or of all, without one of them."""
        keep = ((chosen is None or each in chosen) and each != left_out for each in self.ids)
        return np.flatnonzero(np.fromiter(keep, dtype=bool, count=len(self.ids)))


class VectorCache:
    def __init__(self) -> None:
        self._tables: OrderedDict[str, VectorTable] = OrderedDict()

    async def table(self, db: AsyncSession, settings: VectorSettings) -> VectorTable:
        """The table as the database has it now: only what has changed since the last time is read."""
        key = settings.id.hex
        latest = (await db.execute(_LATEST, {"settings": key})).scalar_one()
        held = self._tables.get(key)
        if held is None:
            rows = (await db.execute(_ALL, {"settings": key})).tuples().all()
            held = _made(latest, dict(rows), settings.dimensions)
        elif held.number != latest:
            rows = (await db.execute(_CHANGED, {"settings": key, "after": held.number})).tuples().all()
            held = _changed(held, latest, dict(rows), settings.dimensions)
        self._keep(key, held)
        return held

    def _keep(self, key: str, held: VectorTable) -> None:
        self._tables[key] = held
        self._tables.move_to_end(key)
        while len(self._tables) > MOST_TABLES:
            self._tables.popitem(last=False)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row with length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)


def _made(number: int, values: dict[str, str], dimensions: int) -> VectorTable:
    matrix = np.empty((len(values), dimensions), dtype=np.float32)
    for row, value in enumerate(values.values()):
        matrix[row] = json.loads(value)
    return VectorTable(number, list(values), unit(matrix))


def _changed(held: VectorTable, number: int, changes: dict[str, str | None], dimensions: int) -> VectorTable:
    """The rows that did not change, then those that did."""
    kept = held.rows(None, None)[[each not in changes for each in held.ids]]
    new = _made(number, {record: value for record, value in changes.items() if value is not None}, dimensions)
    ids = [held.ids[row] for row in kept] + new.ids
    return VectorTable(number, ids, np.concatenate([held.matrix[kept], new.matrix]))
