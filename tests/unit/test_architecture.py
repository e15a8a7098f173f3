"""The rules that the code keeps: who imports whom, what lies where, and how long things may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("feedback_app", "workers", "alignment", "reward_model")
OURS = sorted(path for package in PACKAGES for path in (PROJECT / package).rglob("*.py"))
ALL = OURS + sorted(
    path for part in ("deploy", "benchmarks", "tests") for path in (PROJECT / part).rglob("*.py")
)
LONGEST_FILE, LONGEST_FUNCTION = 300, 50
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
READS_ENVIRONMENT = {"os.environ", "os.environb", "os.getenv"}
# They hand our own environment on to child processes, or set it for libraries; nobody reads a setting out of it.
PASS_THE_ENVIRONMENT_ON = {
    "feedback_app/settings.py",
    "feedback_app/up/processes.py",
    "feedback_app/commands/prepare.py",
    "alignment/round.py",
    "alignment/rank.py",
    "alignment/scoring.py",
}
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def committed() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [line for line in listed.stdout.split("\0") if line and (PROJECT / line).is_file()]


def attributes(path: Path) -> Iterator[str]:
    """Every `a.b` in a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_imports_keep_to_the_layers() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([lint, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]


def test_the_hugging_face_library_is_not_shadowed_by_our_data() -> None:
    found = find_spec("datasets")
    assert found is not None
    assert found.origin is not None
    assert not Path(found.origin).is_relative_to(PROJECT / "datasets")
    assert not list((PROJECT / "datasets").rglob("*.py"))


def test_only_settings_reads_the_environment() -> None:
    readers = {name(path) for path in OURS if READS_ENVIRONMENT & set(attributes(path))}
    assert readers <= PASS_THE_ENVIRONMENT_ON


def test_nothing_is_unpickled() -> None:
    assert [name(path) for path in OURS if imported(path) & UNPICKLERS] == []
    assert [name(path) for path in OURS if "torch.load" in attributes(path)] == []


def test_files_stay_short() -> None:
    assert [name(path) for path in ALL if len(path.read_text("utf-8").splitlines()) > LONGEST_FILE] == []


def test_functions_stay_short() -> None:
    functions = [(path, node) for path in ALL for node in ast.walk(tree(path)) if isinstance(node, FUNCTION)]
    long = [
        (path, node) for path, node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert [f"{name(path)}: {node.name}" for path, node in long] == []


def test_every_folder_of_code_is_a_package() -> None:
    """What is no package is not seen by the import rules. Alembic's scripts are run from their folder."""
    folders = {path.parent for path in OURS if "migrations" not in path.parts}
    assert [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_nothing_that_belongs_to_one_machine_is_committed() -> None:
    kinds = (".safetensors", ".bin", ".gguf", ".db", ".pt", ".pkl", ".pyc", ".log")
    assert [line for line in committed() if line.endswith(kinds)] == []
    assert [line for line in committed() if line.startswith((".venv", ".codelynn"))] == []


def test_the_lock_files_pin_exactly_and_name_no_host() -> None:
    servers = ("deploy/argilla/constraints.txt", "deploy/label_studio/constraints.txt")
    for lock in ("requirements.lock", "requirements-dev.lock", *servers):
        lines = (PROJECT / lock).read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith("#")]
        assert pins, lock
        assert all("==" in pin and "+" not in pin and "/" not in pin for pin in pins), lock
