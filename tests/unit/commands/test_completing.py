"""What the shell completes without a service."""

from typing import get_args

from alignment.config import Method
from feedback_app.commands import completing
from feedback_app.formats.listed import FORMATS


def test_methods_and_formats_are_those_there_are() -> None:
    assert set(completing.methods()) == set(get_args(Method))
    assert completing.written_formats() == list(FORMATS)
