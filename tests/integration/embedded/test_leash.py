"""Children cannot outlive their owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from feedback_app.processes.child_processes import Child, Command
from tests.waiting import ended, until

pytestmark = pytest.mark.integration
# A shell with a child of its own; both write down who they are.
FAMILY = 'sleep 600 & echo $! > "$0/grandchild"; echo $$ > "$0/child"; wait'
OWNER = """
import signal, sys, time
from pathlib import Path
from feedback_app.processes.child_processes import Child, Command
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is born ignoring it
Child(Command(sys.argv[2:], Path(sys.argv[1]) / "log", {}, grace=1.0))
time.sleep(600)
"""


def start(command: list[str], log: Path, grace: float = 1.0) -> Child:
    return Child(Command(command, log, {}, grace=grace))


def family(folder: Path) -> list[int]:
    files = [folder / "child", folder / "grandchild"]
    until(lambda: all(file.exists() and file.read_text().strip() for file in files))
    return [int(file.read_text()) for file in files]


def gone(pids: list[int]) -> bool:
    return all(map(ended, pids))


def test_the_whole_group_ends_when_asked(tmp_path: Path) -> None:
    child = start(["sh", "-c", FAMILY, str(tmp_path)], tmp_path / "log")
    pids = family(tmp_path)
    assert child.end() == -signal.SIGTERM
    until(lambda: gone(pids), 10)


def test_who_ignores_the_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    child = start(["sh", "-c", f"trap '' TERM; {FAMILY}; wait", str(tmp_path)], tmp_path / "log", grace=0.3)
    pids = family(tmp_path)
    assert child.end() == -signal.SIGKILL
    until(lambda: gone(pids), 10)


def test_kill_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    child = start(["sh", "-c", f"trap '' TERM; {FAMILY}; wait", str(tmp_path)], tmp_path / "log", grace=600)
    pids = family(tmp_path)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    until(lambda: gone(pids), 10)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_the_owner_ends_nothing_is_left(tmp_path: Path, how: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), "sh", "-c", FAMILY, str(tmp_path)],
        stderr=subprocess.DEVNULL,
    )
    pids = family(tmp_path)
    owner.send_signal(how)
    owner.wait()
    until(lambda: gone(pids), 10)


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15)]
)
def test_the_end_of_the_command_is_seen_as_it_was(tmp_path: Path, script: str, code: int) -> None:
    assert start(["sh", "-c", script], tmp_path / "log").wait() == code


def test_what_the_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    script = 'sleep 600 & echo $! > "$0/grandchild"; echo $$ > "$0/child"'
    child = start(["sh", "-c", script, str(tmp_path)], tmp_path / "log")
    assert child.wait() == 0
    pids = family(tmp_path)
    until(lambda: gone(pids), 10)


def test_output_goes_to_the_log_and_a_long_log_is_turned_over(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "part.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * 10_000_001)
    start(["sh", "-c", "echo out; echo err >&2"], log).wait()
    assert log.read_text() == "out\nerr\n"
    assert log.with_suffix(".log.1").stat().st_size == 10_000_001


def test_held_descriptors_stay_open_until_the_group_has_ended(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = Child(Command(["sleep", "600"], tmp_path / "log", {}), hold=(writer,))
    os.close(writer)
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    child.end()
    assert os.read(reader, 1) == b""
    os.close(reader)
