"""The pages' templates."""

import pytest
from jinja2 import TemplateNotFound

from feedback_app.ui.shared.templates import ROOMS, render


def test_every_template_lies_in_the_room_of_its_page() -> None:
    found = sorted(ROOMS.rglob("*.html"))
    assert all(path.parent.name == "templates" and path.parents[2] == ROOMS for path in found)


def test_a_template_that_is_not_there_is_an_error() -> None:
    with pytest.raises(TemplateNotFound):
        render("shared/nowhere.html")
