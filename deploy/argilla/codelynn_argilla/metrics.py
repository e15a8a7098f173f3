"""Counts over records and metadata, as SQL over Argilla's own tables."""

from typing import Any

from argilla_server.database import AsyncSessionLocal
from argilla_server.enums import MetadataPropertyType
from argilla_server.models import Dataset, MetadataProperty, Record, Response, User
from argilla_server.search_engine.base import (
    FloatMetadataMetrics,
    IntegerMetadataMetrics,
    MetadataMetrics,
    TermsMetrics,
)
from sqlalchemy import Select, String, cast, func, select, true

from codelynn_argilla.scopes import each


async def dataset_progress(dataset: Dataset) -> dict[str, int]:
    return await _counts(
        select(Record.status, func.count()).where(Record.dataset_id == dataset.id).group_by(Record.status)
    )


async def user_progress(dataset: Dataset, user: User) -> dict[str, int]:
    return await _counts(
        select(Response.status, func.count())
        .join(Record, Record.id == Response.record_id)
        .where(Record.dataset_id == dataset.id, Response.user_id == user.id)
        .group_by(Response.status)
    )


async def _counts(query: Select[Any]) -> dict[str, int]:
    async with AsyncSessionLocal() as db:
        counts = {status.value: count for status, count in (await db.execute(query)).all()}
    return {"total": sum(counts.values()), **counts}


async def metadata_metrics(wanted: MetadataProperty) -> MetadataMetrics:
    rows = each(Record.metadata_, wanted.name)
    values = select().select_from(Record).join(rows, true())
    values = values.where(Record.dataset_id == wanted.dataset_id, rows.c.type != "null")
    if wanted.type == MetadataPropertyType.terms:
        return await _terms(values, rows.c.value)
    async with AsyncSessionLocal() as db:
        ends = values.add_columns(func.min(rows.c.value), func.max(rows.c.value))
        low, high = (await db.execute(ends)).one()
    is_integer = wanted.type == MetadataPropertyType.integer
    return (IntegerMetadataMetrics if is_integer else FloatMetadataMetrics)(min=low, max=high)


async def _terms(values: Select[Any], value: Any) -> TermsMetrics:
    query = values.add_columns(cast(value, String), func.count())
    query = query.group_by(value).order_by(func.count().desc(), value)
    async with AsyncSessionLocal() as db:
        counts = (await db.execute(query)).all()
    terms = [TermsMetrics.TermCount(term=term, count=count) for term, count in counts]
    return TermsMetrics(total=sum(term.count for term in terms), values=terms)
