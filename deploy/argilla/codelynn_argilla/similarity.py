"""Nearest records by cosine, exact: one product of a matrix and a vector."""

from uuid import UUID

import numpy as np
from argilla_server.errors.future import UnprocessableEntityError
from argilla_server.models import Record, VectorSettings
from argilla_server.search_engine.base import SearchResponseItem, SearchResponses
from numpy.typing import NDArray

from codelynn_argilla.vectors import VectorTable, unit


def target_vector(
    settings: VectorSettings, value: list[float] | None, record: Record | None
) -> NDArray[np.float32]:
    """The direction to compare with: a given one or a record's. Raises ValueError unless there is exactly one."""
    if bool(value) == bool(record):
        raise ValueError("give either a vector or a record to compare with")
    target = value or (record and record.vector_value_by_vector_settings(settings))
    if not target:
        raise ValueError("the record has no such vector")
    vector = np.asarray(target, dtype=np.float64)
    if vector.shape != (settings.dimensions,) or not np.isfinite(vector).all():
        raise UnprocessableEntityError(f"a vector of {settings.dimensions} finite numbers is needed")
    return unit(vector).astype(np.float32)


def nearest(
    table: VectorTable,
    rows: NDArray[np.intp],
    target: NDArray[np.float32],
    *,
    least: bool,
    limit: int,
    threshold: float | None,
) -> SearchResponses:
    """The `limit` best of `rows`, each with Elasticsearch's score (1 + cosine) / 2, at or above `threshold`."""
    scores = (1 + table.matrix[rows] @ (-target if least else target)) / 2
    best = np.argsort(-scores, kind="stable")[:limit]
    items = [
        SearchResponseItem(record_id=UUID(table.ids[rows[i]]), score=float(scores[i]))
        for i in best
        if threshold is None or scores[i] >= threshold
    ]
    return SearchResponses(items=items, total=len(items))
