"""Which desks hear of verdicts, and which can be reached."""

from pathlib import Path

from feedback_app.desks.configured import ReachableDesks, desk_names
from feedback_app.settings import Settings

ARGILLA = {"argilla_url": "http://127.0.0.1:1", "argilla_api_key": "k"}
STUDIO = {"label_studio_url": "http://127.0.0.1:2", "label_studio_token": "t"}


def test_argilla_is_told_unless_switched_off_and_label_studio_once_it_is_set_up(tmp_path: Path) -> None:
    assert desk_names(Settings(home=tmp_path)) == ("argilla",)
    assert desk_names(Settings(home=tmp_path, argilla_enabled=False)) == ()
    assert desk_names(Settings(home=tmp_path, **STUDIO)) == ("argilla", "label-studio")
    (tmp_path / "label-studio").mkdir()
    assert desk_names(Settings(home=tmp_path, argilla_enabled=False)) == ("label-studio",)


def test_a_desk_that_starts_later_is_found_and_one_that_moves_is_reached_anew(tmp_path: Path) -> None:
    now = Settings(home=tmp_path, **ARGILLA)
    desks = ReachableDesks(lambda: now)
    first = desks()
    assert list(first) == ["argilla"]
    assert desks()["argilla"] is first["argilla"]
    now = Settings(home=tmp_path, **ARGILLA, **STUDIO)
    assert list(desks()) == ["argilla", "label-studio"]
    now = Settings(home=tmp_path, **{**ARGILLA, "argilla_api_key": "other"})
    assert list(desks()) == ["argilla"]
    assert desks()["argilla"] is not first["argilla"]
