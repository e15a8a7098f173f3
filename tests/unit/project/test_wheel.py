"""The wheel, which the images install, contains everything that the service reads at run time."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.paths import PROJECT

PACKAGES = ("feedback_app", "workers", "alignment", "reward_model")
BUILT = {".pyc", ".pyo"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel that is built here, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_has_every_file_of_the_packages(wheel: list[str]) -> None:
    files = [path for package in PACKAGES for path in (PROJECT / package).rglob("*") if path.is_file()]
    expected = {_name(path) for path in files if path.suffix not in BUILT}
    assert expected - set(wheel) == set()


@pytest.mark.parametrize(
    "part",
    [
        "feedback_app/ui/arena/templates/page.html",
        "feedback_app/ui/shared/static/style.css",
        "feedback_app/ui/shared/static/mark.svg",
        "feedback_app/store/migrations/env.py",
        "feedback_app/store/migrations/script.py.mako",
        "feedback_app/store/migrations/versions/r0009_withdrawn.py",
        "alignment/contract/methods.py",
    ],
)
def test_the_wheel_has_pages_migrations_and_the_contract(wheel: list[str], part: str) -> None:
    assert part in wheel


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()
