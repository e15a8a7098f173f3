"""The scripts of the pages: types, lint and the unit tests of their logic, with what node has on this machine.

`npm install --no-save typescript eslint` in the project folder brings the tools; nothing is downloaded here.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import PROJECT

ROOMS = PROJECT / "feedback_app" / "ui"
TESTS = PROJECT / "tests" / "javascript"
OLDEST_NODE = 20
SCRIPTS = sorted(ROOMS.glob("*/static/*.[jt]s"))


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    version = run([found, "--version"], PROJECT).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"node {version} is older than {OLDEST_NODE}")
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts at the paths where the service serves them, by which they import each other; and their tests."""
    root = tmp_path_factory.mktemp("javascript")
    for script in SCRIPTS:
        target = root / script.relative_to(ROOMS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(script, target)
    for part in ("tsconfig.json", "eslint.config.mjs"):
        shutil.copy(TESTS / part, root)
    shutil.copytree(TESTS, root / "tests", ignore=shutil.ignore_patterns("*.json", "eslint.config.mjs"))
    (root / "package.json").write_text('{"type": "module"}\n')
    return root


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def tool(name: str) -> str:
    found = shutil.which(name, path=str(PROJECT / "node_modules" / ".bin")) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: `npm install --no-save typescript eslint` brings it")
    return found


def test_the_types_of_all_scripts_hold(node: str, served: Path) -> None:
    checked = run([tool("tsc"), "--project", "."], served)
    assert checked.returncode == 0, checked.stdout


def test_the_linter_finds_nothing(node: str, served: Path) -> None:
    linted = run([tool("eslint"), "."], served)
    assert linted.returncode == 0, linted.stdout


def test_no_script_is_left_out_of_the_checks() -> None:
    for script in SCRIPTS:
        text = script.read_text("utf-8")
        assert "@ts-nocheck" not in text, script
        assert "eslint-disable" not in text, script


@pytest.mark.parametrize("file", sorted(path.name for path in TESTS.glob("*.test.mjs")))
def test_the_logic_of_the_script(node: str, served: Path, file: str) -> None:
    tested = run([node, "--test", f"tests/{file}"], served)
    assert tested.returncode == 0, tested.stdout[-4000:]
