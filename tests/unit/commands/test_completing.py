"""What the shell completes without a service."""

from alignment.contract.methods import METHODS
from feedback_app.commands import completion as completing
from feedback_app.formats.catalogue import FORMATS


def test_methods_and_formats_are_those_there_are() -> None:
    assert set(completing.methods()) == set(METHODS)
    assert completing.written_formats() == list(FORMATS)
