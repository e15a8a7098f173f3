"""The snapshots that rounds were trained on, and the difference of two."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from feedback_app.api.schemas import MessageBody
from feedback_app.domain.snapshot import (
    CHANGE_TYPES,
    RECORD_KINDS,
    ChangeType,
    RecordChange,
    RecordKind,
    SnapshotRecord,
    SnapshotSummary,
)
from feedback_app.services.rounds.snapshots import NOW, SnapshotComparison, Snapshots


class SnapshotBody(BaseModel):
    """`size` in bytes. `rounds`: ids of the rounds that were trained on it, newest first. A snapshot with a `problem` is missing or cannot be
    read."""

    hash: str
    created_at: datetime | None
    counts: Mapping[str, int]
    size: int
    rounds: list[str]
    problem: str

    @classmethod
    def of(cls, snapshot: SnapshotSummary) -> "SnapshotBody":
        return cls(
            hash=snapshot.hash,
            created_at=snapshot.created_at,
            counts=snapshot.counts,
            size=snapshot.size,
            rounds=[round_.id for round_ in snapshot.rounds],
            problem=snapshot.problem,
        )


class RecordBody(BaseModel):
    """`places[i]` is the rank of `replies[i]`, 0 for the best. In a rating, 0 is good and 1 is bad."""

    messages: list[MessageBody]
    replies: list[str]
    places: list[int]

    @classmethod
    def of(cls, record: SnapshotRecord | None) -> "RecordBody | None":
        if record is None:
            return None
        messages = [MessageBody(role=m.role, content=m.content) for m in record.prompt]
        return cls(messages=messages, replies=list(record.replies), places=list(record.places))


class ChangeBody(BaseModel):
    kind: RecordKind
    how: ChangeType
    before: RecordBody | None
    after: RecordBody | None

    @classmethod
    def of(cls, change: RecordChange) -> "ChangeBody":
        before, after = RecordBody.of(change.before), RecordBody.of(change.after)
        return cls(kind=change.kind, how=change.how, before=before, after=after)


class DifferenceBody(BaseModel):
    """`counts`: the number of `added`, `removed`, `changed` and `same` records of each kind that both hold. `sources` and `tags` count the
    comparisons whose rankings differ. `first`: the first ten of each. `notes`: what was not compared."""

    one: str
    other: str
    counts: Mapping[RecordKind, Mapping[str, int]]
    sources: Mapping[ChangeType, Mapping[str, int]]
    tags: Mapping[ChangeType, Mapping[str, int]]
    first: list[ChangeBody]
    notes: list[str]

    @classmethod
    def of(cls, compared: SnapshotComparison) -> "DifferenceBody":
        difference = compared.difference
        return cls(
            one=compared.one,
            other=compared.other,
            counts={
                kind: {
                    **{how: difference.counts.get((kind, how), 0) for how in CHANGE_TYPES},
                    "same": difference.same.get(kind, 0),
                }
                for kind in RECORD_KINDS
                if kind in compared.kinds
            },
            sources=compared.sources,
            tags=compared.tags,
            first=[ChangeBody.of(change) for change in difference.first],
            notes=list(compared.notes),
        )


def router(snapshots: Snapshots) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/snapshots", tags=["snapshots"])

    @routes.get("", summary="List snapshots")
    def listing() -> list[SnapshotBody]:
        """The data that rounds were trained on, newest first. Snapshots that are missing or cannot be read come last."""
        return [SnapshotBody.of(snapshot) for snapshot in snapshots.all()]

    @routes.get("/{name}/diff", summary="Compare two snapshots")
    def diff(
        name: str,
        other: Annotated[
            str,
            Query(
                description="A snapshot's hash or the start of one, `newest`, or `now` for the current data."
            ),
        ] = NOW,
    ) -> DifferenceBody:
        """What was added, removed and changed from the snapshot `name` to `other`. A name is a hash, the start of one, or `newest`."""
        return DifferenceBody.of(snapshots.compared(name, other))

    return routes
