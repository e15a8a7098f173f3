"""The data folder, secrets, private files and ports."""

import stat
from pathlib import Path

import pytest

from feedback_app.processes.local_files import (
    HomeUnusable,
    free_port,
    secret,
    taken,
    usable_home,
    write_private,
)


def private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("below", ["", "below"])
def test_a_home_that_cannot_be_written_to_is_said_in_a_line(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match=r"^nothing can be kept in .*: set CODELYNN_HOME to a folder"):
        usable_home(tmp_path / "file" / below)
    usable_home(tmp_path / "home ü" / "below")
    assert list((tmp_path / "home ü" / "below").iterdir()) == []


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "valkey"
    first = secret(path)
    assert len(first) > 20
    assert secret(path) == first
    assert private(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_private_file_is_private_even_where_it_was_not_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert private(path)


def test_a_free_port_is_not_taken() -> None:
    assert not taken("127.0.0.1", free_port())
