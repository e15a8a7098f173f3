"""`codelynn chat`, over a pipe and on a terminal, against a service that runs."""

import json
import os
import pty
import select
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.commands.conftest import CODELYNN, Run, Running
from tests.waiting import until

pytestmark = pytest.mark.integration
CURSOR_ASKED, CURSOR_TOLD = b"\x1b[6n", b"\x1b[1;1R"


def test_a_conversation_over_a_pipe_is_kept_and_saved(
    codelynn: Run, running: Running, tmp_path: Path
) -> None:
    file, plain = tmp_path / "talk.json", tmp_path / "talk.md"
    said = f"Hello, how are you?\n/retry\n//etc is a folder\n/save {file}\n/save {plain}\n/quit\nnever said\n"
    told = codelynn("chat", given=said)
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("base as lynn, conversation ")
    talk = json.loads(file.read_text())
    assert [turn["role"] for turn in talk["turns"]] == ["user", "assistant", "user", "assistant"]
    assert [turn["content"] for turn in talk["turns"][::2]] == ["Hello, how are you?", "/etc is a folder"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "**You**\n\nHello, how are you?" in plain.read_text()
    again = codelynn("chat", "--resume", talk["id"][:8], given=f"/save {file}\n")
    assert again.exit_code == 0
    assert "exists already" in again.stderr


def test_commands_list_what_there_is(codelynn: Run) -> None:
    told = codelynn("chat", given="/help\n/model\n/persona\n")
    assert told.exit_code == 0, told.output
    for word in ("/retry", "/save FILE", "* base", "* lynn", "  magister"):
        assert word in told.stdout


def test_a_conversation_goes_on_as_another_persona_and_a_new_one_begins_where_it_is_asked_for(
    codelynn: Run, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    given = f"Hello\n/persona magister\n/model base\nAnd you?\n/save {first}\n/new\nHello\n/save {second}\n"
    told = codelynn("chat", given=given)
    assert told.exit_code == 0, told.output
    assert told.stdout.count("base as magister answers from the next reply on, in this conversation.") == 2
    one, other = json.loads(first.read_text()), json.loads(second.read_text())
    assert [turn["content"] for turn in one["turns"][::2]] == ["Hello", "And you?"]
    assert [turn["persona"] for turn in one["turns"]] == ["", "lynn", "", "magister"]
    assert (other["persona"], len(other["turns"])) == ("magister", 2)
    assert other["id"] != one["id"]


def test_what_cannot_be_done_is_said_and_the_conversation_goes_on(codelynn: Run) -> None:
    told = codelynn(
        "chat",
        given="/bogus\n/model nobody\n/persona nobody\n/retry\n/save\n/save /no/such/folder/x\nHello!\n",
    )
    assert told.exit_code == 0, told.output
    lines = told.stderr.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("codelynn: there is no command /bogus")
    assert "no model 'nobody'" in lines[1]
    assert "no persona 'nobody'" in lines[2]
    assert "nothing to answer yet" in lines[3]
    assert len(told.stdout.strip().splitlines()) >= 2


def test_a_conversation_in_which_nothing_was_said_leaves_nothing(codelynn: Run, running: Running) -> None:
    def kept() -> list[str]:
        return [one["id"] for one in httpx.get(f"{running.url}/api/v1/conversations", trust_env=False).json()]

    before = kept()
    assert codelynn("chat", given="").exit_code == 0
    assert kept() == before


def test_wrong_models_personas_and_conversations_are_wrong_use(codelynn: Run) -> None:
    for words in (["--model", "nobody"], ["--persona", "nobody"], ["--resume", "zzz"], ["--best-of", "9"]):
        told = codelynn("chat", *words, given="Hello\n")
        assert (told.exit_code, len(told.stderr.splitlines())) == (2, 1), words


class Terminal:
    """A person at a terminal: sees what is printed, and types."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.seen = b""

    def look(self, seconds: float = 0.1) -> bool:
        """Read what is there; answers a program that asks where the cursor is. Always false."""
        if select.select([self._handle], [], [], seconds)[0]:
            try:
                came = os.read(self._handle, 4096)
            except OSError:  # the program has ended
                return False
            if CURSOR_ASKED in came:
                os.write(self._handle, CURSOR_TOLD)
            self.seen += came
        return False

    def wait_for(self, text: str) -> None:
        """Until it is on the screen; what came before is forgotten."""
        until(lambda: text.encode() in self.seen or self.look(), 120)
        self.seen = self.seen.partition(text.encode())[2]

    def type(self, keys: bytes) -> None:
        os.write(self._handle, keys)


def answered(running: Running) -> list[str]:
    """What was said in the newest conversation and has its reply."""
    with httpx.Client(base_url=f"{running.url}/api/v1", trust_env=False) as client:
        newest = client.get("/conversations").json()[0]
        turns = client.get(f"/conversations/{newest['id']}").json()["turns"]
    said = [turn["content"] for turn in turns if turn["role"] == "user"]
    return said if turns and turns[-1]["role"] == "assistant" else []


@pytest.fixture
def terminal(running: Running) -> Iterator[tuple[Terminal, int]]:
    pid, handle = pty.fork()
    if pid == 0:
        os.execve(CODELYNN[0], [*CODELYNN, "chat"], running.env | {"TERM": "xterm"})
    yield Terminal(handle), pid
    os.close(handle)


def test_at_a_terminal_there_is_history_and_pasted_lines_stay_together(
    terminal: tuple[Terminal, int], running: Running
) -> None:
    person, pid = terminal
    person.wait_for("you>")
    person.type(b"\x1b[200~first line\nsecond line\x1b[201~")
    person.wait_for("second line")
    person.type(b"\r")
    until(lambda: person.look() or answered(running) == ["first line\nsecond line"], 120)
    person.wait_for("you>")
    person.type(b"/bogus\r")
    person.wait_for("there is no command /bogus")
    person.wait_for("you>")
    person.type(b"\x03")
    person.wait_for("Ctrl-D leaves")
    person.wait_for("you>")
    person.type(b"\x04")
    deadline = time.monotonic() + 60
    while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
        person.look()
    assert ended == (pid, 0)
    history = running.home / "chat-history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "+first line\n+second line" in history.read_text()
