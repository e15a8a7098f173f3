"""Argilla's search engine on its own SQL database.

Argilla commits to SQL before it calls its search engine, so every method that writes has nothing to do, and
search, progress and metrics are queries over Argilla's tables: nothing can fall out of step. Vectors are refused, see
refusals.py.
"""

from collections.abc import Iterable
from typing import Any, NoReturn
from uuid import UUID

from argilla_server.database import AsyncSessionLocal
from argilla_server.models import (
    Dataset,
    MetadataProperty,
    Record,
    Response,
    Suggestion,
    User,
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
from sqlalchemy import ColumnElement, Select, func, literal, null, select

from codelynn_argilla import metrics
from codelynn_argilla.conditions import condition
from codelynn_argilla.home import ENGINE
from codelynn_argilla.ordering import ordering
from codelynn_argilla.refusals import refuse_vectors
from codelynn_argilla.scopes import raw_id
from codelynn_argilla.text_query import Search

LARGEST_OFFSET = 2**63 - 1  # SQLite's integers end there; Argilla takes any number


class SqlSearchEngine(SearchEngine):
    @classmethod
    async def new_instance(cls) -> "SqlSearchEngine":
        return cls()

    async def close(self) -> None: ...

    async def ping(self) -> bool:
        return True

    async def info(self) -> dict[str, Any]:
        return {"name": ENGINE, "cluster_name": ENGINE, "version": {"number": "0", "distribution": "sqlite"}}

    async def create_index(self, dataset: Dataset) -> None: ...

    async def delete_index(self, dataset: Dataset) -> None: ...

    async def configure_metadata_property(
        self, dataset: Dataset, metadata_property: MetadataProperty
    ) -> None: ...

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
        text = None if query is None else Search(query)
        where = _where(dataset, text, filter)
        narrowed = len(where) > 1  # then counting costs as much as finding: both in one query
        page = _page(text, sort, user_id).where(*where).offset(min(offset, LARGEST_OFFSET)).limit(limit)
        page = page.add_columns(func.count().over() if narrowed else null())
        async with AsyncSessionLocal() as db:
            rows = (await db.execute(page)).all()
            total = rows[0][2] if rows else None
            if total is None and (offset or not narrowed):  # beyond the last page no row can tell the total
                total = (
                    await db.execute(select(func.count()).select_from(Record).where(*where))
                ).scalar_one()
        items = [SearchResponseItem(record_id=record_id, score=score) for record_id, score, _ in rows]
        return SearchResponses(items=items, total=total or 0)

    async def similarity_search(
        self, dataset: Dataset, vector_settings: VectorSettings, *_: Any, **__: Any
    ) -> NoReturn:
        """Only a database of an older version or of another Argilla has vectors to ask for."""
        refuse_vectors()


def _page(text: Search | None, sort: list[Order] | None, user_id: UUID | None) -> Select[Any]:
    """Ids and scores in order: as wanted, else the best match first, else as `ordering` has it."""
    scores = None if sort or text is None else text.scores()
    if scores is None:
        return select(Record.id, null()).order_by(*ordering(sort, user_id))
    score = func.coalesce(scores.c.score, literal(0.0))
    page = select(Record.id, score).outerjoin(scores, scores.c.record_id == raw_id())
    return page.order_by(score.desc(), Record.id)


def _where(dataset: Dataset, text: Search | None, given: Filter | None) -> list[Any]:
    of_dataset: ColumnElement[bool] = Record.dataset_id == dataset.id
    if text is not None and text.is_selective:
        of_dataset = func.likely(
            of_dataset
        )  # SQLite shall start from the matches, not from the dataset's records
    where: list[Any] = [of_dataset]
    if text is not None:
        where.append(text.condition())
    if given is not None:
        where.append(condition(given))
    return where


def register() -> None:
    """Make the engine known to Argilla under the name that the environment gives it."""
    SearchEngine.register(ENGINE)(SqlSearchEngine)
