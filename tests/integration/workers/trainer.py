"""Stands in for the trainer where a test needs a particular end: `python trainer.py PLAN DIR`.

PLAN is a file with one word a line: `event` appends an event, `wait` sleeps until told to stop, `stubborn` ignores
SIGTERM from then on, `kill` ends by SIGKILL, `exit N` ends with that code, `refuse` writes failure.json and exits 2.
The lines already done by an earlier attempt are not repeated if they are events.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path


def event(folder: Path) -> None:
    file = folder / "events.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    step = sum('"stage": "train"' in line for line in lines) + 1
    line = {
        "seq": len(lines) + 1,
        "stage": "train",
        "step": step,
        "total": 9,
        "percent": 10.0 * step,
        "seconds_left": None,
    }
    line |= {"metrics": {"loss": 0.5}, "at": "2026-05-01T12:00:00+00:00", "message": "training"}
    with file.open("a") as handle:
        handle.write(json.dumps(line) + "\n")


def act(word: str, folder: Path) -> None:
    if word == "event":
        event(folder)
    elif word == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif word == "wait":
        (folder / "waiting").write_text(str(os.getpid()))
        time.sleep(600)
    elif word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "refuse":
        (folder / "failure.json").write_text(json.dumps({"reason": "only 3 training pairs: rank more"}))
        sys.exit(2)
    elif word.startswith("exit"):
        sys.exit(int(word.split()[1]))


def main(plan: Path, folder: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for word in plan.read_text().splitlines():
        act(word, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
