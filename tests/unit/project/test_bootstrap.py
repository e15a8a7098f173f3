"""What `make run` does before anything is installed: it must not redo what is complete, nor trust what is not."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.paths import PROJECT

SCRIPT = PROJECT / "deploy" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for a project of its own with two lock files."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bootstrap", module)
    spec.loader.exec_module(module)
    (tmp_path / "one.lock").write_text("# pins\na==1\nb==2\n")
    (tmp_path / "two.lock").write_text("c==3\n")
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    return module


def environment(bootstrap: ModuleType):  # type: ignore[no-untyped-def]
    layers = tuple(
        bootstrap.Layer(name, (f"{name}.lock",), (("-r", f"{name}.lock"),)) for name in ("one", "two")
    )
    return bootstrap.Environment(bootstrap.PROJECT / ".venv", "codeLynn", layers)


def complete(made) -> None:  # type: ignore[no-untyped-def]
    """Leave the environment as a finished install does."""
    made.python.parent.mkdir(parents=True)
    made.python.touch()
    (made.folder / ".codelynn-started").touch()
    stamp = {layer.name: layer.hash() for layer in made.layers} | made.identity()
    (made.folder / ".codelynn-stamp.json").write_text(json.dumps(stamp))


def names(made) -> list[str]:  # type: ignore[no-untyped-def]
    return [layer.name for layer in made.missing()]


def test_nothing_there_means_everything_is_missing(bootstrap: ModuleType) -> None:
    assert names(environment(bootstrap)) == ["one", "two"]


def test_a_complete_environment_is_left_alone(bootstrap: ModuleType) -> None:
    made = environment(bootstrap)
    complete(made)
    assert names(made) == []


def test_a_changed_lock_file_renews_its_layer_only(bootstrap: ModuleType) -> None:
    made = environment(bootstrap)
    complete(made)
    (bootstrap.PROJECT / "two.lock").write_text("c==4\n")
    assert names(made) == ["two"]


@pytest.mark.parametrize("broken", ["python", "stamp"])
def test_an_environment_that_lost_its_python_or_stamp_is_made_anew(
    bootstrap: ModuleType, broken: str
) -> None:
    made = environment(bootstrap)
    complete(made)
    (made.python if broken == "python" else made.folder / ".codelynn-stamp.json").unlink()
    assert names(made) == ["one", "two"]
    assert bootstrap.prepare(made) == {}
    assert [path.name for path in made.folder.iterdir()] == [".codelynn-started"]


def test_an_install_that_is_killed_leaves_no_stamp(bootstrap: ModuleType) -> None:
    made = environment(bootstrap)
    complete(made)
    bootstrap.prepare(made)
    assert names(made) == ["one", "two"]


def test_somebody_elses_environment_is_not_touched(bootstrap: ModuleType) -> None:
    made = environment(bootstrap)
    made.folder.mkdir()
    (made.folder / "precious").touch()
    with pytest.raises(bootstrap.SetupFailed, match="move it away"):
        bootstrap.prepare(made)
    assert (made.folder / "precious").exists()


def test_progress_counts_packages_and_names_what_is_fetched(bootstrap: ModuleType) -> None:
    counter = bootstrap.Counter(2)
    assert counter.status("Collecting a==1 (from -r one.lock)\n") == "1/2"
    assert (
        counter.status("  Downloading https://host/x/a_b-1.0-py3-none-any.whl (93.1 MB)\n")
        == "1/2 a_b (93.1 MB)"
    )
    assert counter.status("Installing collected packages: a, b\n") == "unpacking 2 packages"
    assert counter.status("Requirement already satisfied: a\n") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("Temporary failure in name resolution", "no network"),
        ("ERROR: something else\n", "something else"),
        ("", "the install failed"),
    ],
)
def test_the_cause_of_a_failure_is_one_line(bootstrap: ModuleType, text: str, reason: str) -> None:
    log = bootstrap.PROJECT / "install.log"
    log.write_text(text)
    assert reason in bootstrap.cause(log)
    assert "\n" not in bootstrap.cause(log)


def test_an_old_python_is_refused_in_one_line(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (99, 0))
    with pytest.raises(bootstrap.SetupFailed, match="is needed"):
        bootstrap.check_machine()


def test_too_little_disk_is_refused_before_anything_is_fetched(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED_GB", 10**9)
    with pytest.raises(bootstrap.SetupFailed, match="free some space"):
        bootstrap.check_disk()


@pytest.mark.parametrize(
    ("dev", "argilla", "label_studio", "wanted"),
    [
        (False, True, False, [".venv", ".venv-argilla"]),
        (False, False, True, [".venv", ".venv-label-studio"]),
        (True, True, True, [".venv", ".venv-argilla", ".venv-label-studio"]),
    ],
)
def test_each_server_has_an_environment_of_its_own(
    bootstrap: ModuleType, dev: bool, argilla: bool, label_studio: bool, wanted: list[str]
) -> None:
    made = bootstrap.environments(dev, argilla, label_studio)
    assert [each.folder.name for each in made] == wanted
