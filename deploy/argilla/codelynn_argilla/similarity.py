"""Nearest records by cosine, exact: a table of one person's rankings fits in memory."""

from uuid import UUID

import numpy as np
from argilla_server.models import Record, VectorSettings
from argilla_server.search_engine.base import SearchResponseItem, SearchResponses


def target_vector(settings: VectorSettings, value: list[float] | None, record: Record | None) -> list[float]:
    """The vector to compare with: a given one or a record's. Raises ValueError unless there is exactly one."""
    if bool(value) == bool(record):
        raise ValueError("give either a vector or a record to compare with")
    target = value or (record and record.vector_value_by_vector_settings(settings))
    if not target:
        raise ValueError("the record has no such vector")
    return list(target)


def nearest(
    rows: list[tuple[UUID, list[float]]],
    target: list[float],
    *,
    least: bool,
    limit: int,
    threshold: float | None,
) -> SearchResponses:
    """The `limit` best of `rows`, each with Elasticsearch's score (1 + cosine) / 2, at or above `threshold`."""
    if not rows:
        return SearchResponses(items=[], total=0)
    wanted = np.asarray(target, dtype=float) * (-1 if least else 1)
    vectors = np.asarray([vector for _, vector in rows], dtype=float)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(wanted)
    scores = (1 + vectors @ wanted / np.maximum(lengths, 1e-12)) / 2
    best = np.argsort(-scores, kind="stable")[:limit]
    items = [
        SearchResponseItem(record_id=rows[i][0], score=float(scores[i]))
        for i in best
        if threshold is None or scores[i] >= threshold
    ]
    return SearchResponses(items=items, total=len(items))
