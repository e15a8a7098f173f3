"""Records are deleted in the real Argilla, whoever answered, and no others."""

import argilla as rg
import pytest

from feedback_app.desks.argilla import ArgillaDesk
from tests.integration.desks.argilla.records import comparison, count

pytestmark = pytest.mark.integration


def test_records_are_deleted_with_their_answers_and_others_stay(
    desk: ArgillaDesk, client: rg.Argilla
) -> None:
    gone, kept, wider = comparison(3), comparison(3), comparison(2)
    desk.push([gone, kept, wider])
    desk.delete([gone.comparison_id, wider.comparison_id, "unknown"])
    pulled = desk.pull("")
    assert pulled is not None
    assert kept.comparison_id in pulled.listed
    assert {gone.comparison_id, wider.comparison_id}.isdisjoint(pulled.listed)
    assert gone.comparison_id not in {verdict.comparison_id for verdict in pulled.rankings}
    assert count(client, 3, filter=rg.Filter(("id", "==", gone.comparison_id))) == 0, "nor is it searched"
    desk.delete([gone.comparison_id])


def test_more_are_deleted_than_argilla_takes_at_once(desk: ArgillaDesk) -> None:
    many = [comparison(2) for _ in range(120)]
    desk.push(many)
    desk.delete({record.comparison_id for record in many})
    pulled = desk.pull("")
    assert pulled is not None
    assert {record.comparison_id for record in many}.isdisjoint(pulled.listed)
