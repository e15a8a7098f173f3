"""Argilla's search engine on its own SQL database.

Argilla commits to SQL before it calls its search engine, so every method that writes has nothing to do, and
search, progress, metrics and similarity are queries over Argilla's tables: nothing can fall out of step.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from argilla_server.database import AsyncSessionLocal, async_engine
from argilla_server.enums import SimilarityOrder
from argilla_server.models import (
    Dataset,
    MetadataProperty,
    Record,
    Response,
    Suggestion,
    User,
    Vector,
    VectorSettings,
)
from argilla_server.search_engine.base import (
    Filter,
    MetadataMetrics,
    Order,
    SearchEngine,
    SearchResponseItem,
    SearchResponses,
    TextQuery,
)
from sqlalchemy import func, select

from codelynn_argilla import metrics
from codelynn_argilla.conditions import condition
from codelynn_argilla.ddl import BACKFILL, TABLES, TRIGGERS
from codelynn_argilla.home import ENGINE
from codelynn_argilla.ordering import ordering
from codelynn_argilla.similarity import nearest, target_vector
from codelynn_argilla.text_query import text_condition


class SqlSearchEngine(SearchEngine):
    @classmethod
    async def new_instance(cls) -> "SqlSearchEngine":
        """Called for every request: keep it free."""
        return cls()

    async def close(self) -> None: ...

    async def ping(self) -> bool:
        """Called once, at start: makes the index and fills its gaps."""
        async with async_engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            for statement in (*TABLES, *TRIGGERS, *BACKFILL):
                await connection.exec_driver_sql(statement)
            await connection.commit()
        return True

    async def info(self) -> dict[str, Any]:
        return {"name": ENGINE, "cluster_name": ENGINE, "version": {"number": "0", "distribution": "sqlite"}}

    async def create_index(self, dataset: Dataset) -> None: ...

    async def delete_index(self, dataset: Dataset) -> None: ...

    async def configure_metadata_property(
        self, dataset: Dataset, metadata_property: MetadataProperty
    ) -> None: ...

    async def configure_index_vectors(self, vector_settings: VectorSettings) -> None: ...

    async def index_records(self, dataset: Dataset, records: Iterable[Record]) -> None: ...

    async def partial_record_update(self, record: Record, **update: Any) -> None: ...

    async def delete_records(self, dataset: Dataset, records: Iterable[Record]) -> None: ...

    async def update_record_response(self, response: Response) -> None: ...

    async def delete_record_response(self, response: Response) -> None: ...

    async def update_record_suggestion(self, suggestion: Suggestion) -> None: ...

    async def delete_record_suggestion(self, suggestion: Suggestion) -> None: ...

    async def get_dataset_progress(self, dataset: Dataset) -> dict[str, int]:
        return {} if dataset.is_draft else await metrics.dataset_progress(dataset)

    async def get_dataset_user_progress(self, dataset: Dataset, user: User) -> dict[str, int]:
        return {} if dataset.is_draft else await metrics.user_progress(dataset, user)

    async def compute_metrics_for(self, metadata_property: MetadataProperty) -> MetadataMetrics:
        return await metrics.metadata_metrics(metadata_property)

    async def search(
        self,
        dataset: Dataset,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        sort: list[Order] | None = None,
        offset: int = 0,
        limit: int = 100,
        user_id: UUID | None = None,  # Argilla passes it, though its base class does not name it
    ) -> SearchResponses:
        where = _where(dataset, query, filter)
        counted = select(func.count()).select_from(Record).where(*where)
        page = select(Record.id).where(*where).order_by(*ordering(sort, user_id)).offset(offset).limit(limit)
        async with AsyncSessionLocal() as db:
            total = (await db.execute(counted)).scalar_one()
            ids = (await db.execute(page)).scalars().all()
        return SearchResponses(
            items=[SearchResponseItem(record_id=record_id) for record_id in ids], total=total
        )

    async def similarity_search(
        self,
        dataset: Dataset,
        vector_settings: VectorSettings,
        value: list[float] | None = None,
        record: Record | None = None,
        query: TextQuery | str | None = None,
        filter: Filter | None = None,
        max_results: int = 100,
        order: SimilarityOrder = SimilarityOrder.most_similar,
        threshold: float | None = None,
    ) -> SearchResponses:
        target = target_vector(vector_settings, value, record)
        where = [*_where(dataset, query, filter), Vector.vector_settings_id == vector_settings.id]
        if record is not None:
            where.append(Record.id != record.id)
        vectors = select(Record.id, Vector.value).join(Vector, Vector.record_id == Record.id).where(*where)
        async with AsyncSessionLocal() as db:
            rows = [(record_id, vector) for record_id, vector in (await db.execute(vectors)).all()]
        least = order == SimilarityOrder.least_similar
        return nearest(rows, target, least=least, limit=max_results, threshold=threshold)


def _where(dataset: Dataset, query: TextQuery | str | None, given: Filter | None) -> list[Any]:
    where: list[Any] = [Record.dataset_id == dataset.id]
    if query is not None:
        where.append(text_condition(query))
    if given is not None:
        where.append(condition(given))
    return where


def register() -> None:
    """Make the engine known to Argilla under the name that the environment gives it."""
    SearchEngine.register(ENGINE)(SqlSearchEngine)
