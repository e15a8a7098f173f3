"""Tasks are deleted in the real Label Studio, and no others."""

import pytest

from feedback_app.desks.label_studio import LabelStudioDesk
from tests.integration.desks.label_studio.records import comparison

pytestmark = pytest.mark.integration


def test_tasks_are_deleted_with_their_annotations_and_others_stay(desk: LabelStudioDesk) -> None:
    gone, kept = comparison(4), comparison(4)
    desk.push([gone, kept])
    desk.delete([gone.comparison_id, "unknown"])
    pulled = desk.pull("")
    assert pulled is not None
    assert kept.comparison_id in pulled.listed
    assert gone.comparison_id not in pulled.listed
    desk.delete([gone.comparison_id])
