"""Argilla's server has no public Python interface. These are the names that the embedded server uses, as its README lists
them: each must still be where it was, with the same parameters."""

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.desks.argilla.server import PROJECT

pytestmark = pytest.mark.integration
FOLDER = PROJECT / "deploy" / "argilla"
LISTED = [
    line
    for block in re.findall(r"```names\n(.*?)```", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL)
    for line in block.splitlines()
]

# Runs in Argilla's environment. It resolves each listed name and prints, as JSON, what it found in its place.
PROBE = r"""
import importlib, inspect, json, sys

def resolved(dotted):
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(dotted)

def written(listed):
    name, parenthesis, _ = listed.partition("(")
    try:
        found = resolved(name)
    except (AttributeError, ImportError) as error:
        return f"gone: {error}"
    if not parenthesis:
        return listed
    signs = {"VAR_KEYWORD": "**", "VAR_POSITIONAL": "*"}
    parameters = inspect.signature(found).parameters.values()
    return f"{name}({', '.join(signs.get(each.kind.name, '') + each.name for each in parameters)})"

from argilla_server.models import Field, Record

tables = {model.__tablename__: model.__table__.columns.keys() for model in (Record, Field)}
json.dump({"names": {each: written(each) for each in json.load(sys.stdin)}, "tables": tables}, sys.stdout)
"""


@pytest.fixture(scope="module")
def probed(argilla_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    home = tmp_path_factory.mktemp("names")
    environment = os.environ | {
        "ARGILLA_HOME_PATH": str(home),
        "ARGILLA_DATABASE_URL": f"sqlite+aiosqlite:///{home}/argilla.db",
        "TMPDIR": str(home),  # Argilla copies its web pages there while it is imported
    }
    command = [str(argilla_python), "-W", "ignore", "-c", PROBE]
    ended = subprocess.run(
        command, input=json.dumps(LISTED), capture_output=True, text=True, env=environment, check=False
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, dict[str, object]] = json.loads(ended.stdout)
    return answer


def test_each_name_is_where_it_was_with_its_parameters(probed: dict[str, dict[str, object]]) -> None:
    moved = {listed: found for listed, found in probed["names"].items() if found != listed}
    assert moved == {}, "argilla-server has moved these names (listed: found)"


def test_the_tables_have_the_columns_that_our_sql_reads(probed: dict[str, dict[str, object]]) -> None:
    needed = {
        "records": {"id", "dataset_id", "fields", "inserted_at", "status"},
        "fields": {"dataset_id", "name", "settings"},
    }
    for table, columns in needed.items():
        has = probed["tables"][table]
        assert isinstance(has, list)
        assert columns <= set(has), table


@pytest.mark.parametrize(
    "file", sorted((FOLDER / "codelynn_argilla").glob("*.py")), ids=lambda file: file.stem
)
def test_the_readme_lists_every_name_that_is_imported(file: Path) -> None:
    names = [listed.partition("(")[0] for listed in LISTED]
    for imported in imports_of_argilla(file):
        assert any(f"{name}.".startswith(f"{imported}.") for name in names), f"{file.name}: {imported}"


def imports_of_argilla(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("argilla_server"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
