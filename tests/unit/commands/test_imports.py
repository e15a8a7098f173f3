"""What the command line and the service import: `--help`, mistakes and starts are quick because of what they leave out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "torch", "transformers", "trl", "gradio", "scipy", "pandas", "evalica", "numpy", "sqlalchemy", "fastapi", "celery",
    "pyarrow", "ctranslate2", "httpx", "pydantic", "prompt_toolkit", "argilla", "label_studio_sdk",
}  # fmt: skip
PROBE = """
import json, sys
sys.argv = ["codelynn", *json.loads(sys.argv[1])]
from feedback_app.cli import main
try:
    main()
except SystemExit as end:
    print(json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""
# Typer itself imports pydantic to look at the value of an option.
OF_VALUES = {"pydantic"}


def run(*words: str) -> tuple[int, set[str]]:
    """The exit code of a command, and what it imported."""
    told = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(words)], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(told.stdout.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["round", "--help"], 0),
        (["rond"], 2),
        (["--nothing"], 2),
        (["round"], 2),
        (["round", "show", "--nothing"], 2),
        (["checkpoint", "promote"], 2),
        (["label-studio", "--nothing"], 2),
        (["argilla", "users", "nothing"], 2),
        (["reward", "scor"], 2),
        (["leaderboard", "too", "much"], 2),
    ],
)
def test_help_and_mistakes_import_nothing_heavy(words: list[str], code: int) -> None:
    told, modules = run(*words)
    assert told == code
    assert modules & (HEAVY - OF_VALUES) == set()
    if words[0].startswith("-"):
        assert modules & OF_VALUES == set()


@pytest.mark.parametrize("words", [["chat", "--best-of", "9"], ["import", "no-such-file"]])
def test_a_wrong_value_imports_what_checks_values_and_no_more(words: list[str]) -> None:
    code, modules = run(*words)
    assert code == 2
    assert modules & (HEAVY - OF_VALUES) == set()


def test_the_composition_root_starts_without_numerics_and_queues() -> None:
    probe = "import feedback_app.main, json, sys; print(json.dumps(sorted(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    late = {"torch", "transformers", "scipy", "pandas", "evalica", "celery", "alembic", "psycopg", "gradio"}
    assert late & set(json.loads(told.stdout)) == set()


def test_a_prepared_model_is_found_ready_without_torch(tmp_path: Path) -> None:
    """At each start. The files are not looked into: only what the manifest says of them."""
    (tmp_path / "source").mkdir()
    probe = """
import sys
from pathlib import Path
from alignment.models.base_model import is_prepared, prepare_base
from alignment.models.base_source import find_source
from alignment.contract.files import write_json
source, models = sys.argv[1:]
folder = Path(models) / find_source(source).slug
(folder / "hf").mkdir(parents=True)
assert not is_prepared(source, Path(models), False)
write_json(folder / "manifest.json", {"name": "tiny", "hash": "0", "answered": ["transformers"]})
assert is_prepared(source, Path(models), False)
assert prepare_base(source, Path(models), False, lambda text, share: None).name == "tiny"
print({"torch", "transformers"} & set(sys.modules))
"""
    words = [sys.executable, "-c", probe, str(tmp_path / "source"), str(tmp_path / "models")]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == ("set()\n", "")
