"""What the routes of the Arena page accept."""

import pytest
from pydantic import ValidationError

from feedback_app.ui.arena.routes import PageRankingRequest

BODY = {"all_bad": False, "aspects": ["warm"], "note": " Nice. ", "edit": "  ", "seconds": 1.5}


@pytest.mark.parametrize("name", ["ranking", "groups"])
def test_a_vote_is_read_also_as_version_0_1_sent_it(name: str) -> None:
    ranking = PageRankingRequest.model_validate({**BODY, name: [["c1"], ["c2", "c3"]]}).value()
    assert ranking.groups == (("c1",), ("c2", "c3"))
    assert (ranking.source, ranking.annotator, ranking.seconds) == ("arena", "owner", 1.5)
    assert (ranking.note, ranking.edit) == ("Nice.", None)


def test_a_vote_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        PageRankingRequest.model_validate({**BODY, "rankings": []})
