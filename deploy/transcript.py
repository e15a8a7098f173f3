"""Prints docs/transcript.md: a recorded session of the command line.

Run as `python deploy/transcript.py > docs/transcript.md` in the project's folder. It starts a codeLynn of its own in an empty
folder, runs the commands of SESSION, and prints them with what they print. Takes about ten minutes on two cores.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
PORT = "7860"

HEAD = """\
# A first session

From an empty folder to a trained version, on the command line. [The pages](pages.md) shows the same in the browser.

`python deploy/transcript.py` ran these commands and wrote this page. The output is unchanged, except that folder and port are the default ones. The
pairs in `tests/data/warm.jsonl` were written for this purpose; every reply is the model's own."""


@dataclass(frozen=True, slots=True)
class Step:
    """`command` is run by a shell; `said` is typed into it. `about` is the line above it."""

    about: str
    command: str
    said: str = ""


START = Step("Start everything. The first start prepares the model.", "codelynn up")
SESSION = (
    Step("In a second terminal, check that every part answers.", "codelynn status"),
    Step("Ask for two replies over the API. The models' names are hidden until you have ranked.", (
        f"curl -s localhost:{PORT}/api/v1/comparisons -H 'content-type: application/json' "
        """-d '{"prompt": "How was your day?"}'"""
    )),
    Step("Rank them, here the second one first. ID is the `id` of the answer above.", (
        f"curl -s -X PUT localhost:{PORT}/api/v1/comparisons/ID/ranking -H 'content-type: application/json' "
        """-d '{"ranking": [["c2"], ["c1"]]}'"""
    )),
    Step("Check a file of preference pairs before you import it.", "codelynn import tests/data/warm.jsonl --dry-run"),
    Step("Import it.", "codelynn import tests/data/warm.jsonl"),
    Step("Train a version on the pairs.", "codelynn round queue --set epochs=1 --watch"),
    Step("Show what was decided, and why.", "codelynn round show"),
    Step("List the versions.", "codelynn checkpoint list"),
    Step("Chat with the newest one.", "codelynn chat", "I had a long day."),
    Step("Show which data the round trained on.", "codelynn snapshots list"),
    Step("Go back to the version before.", "codelynn checkpoint rollback"),
    Step("Export the preferences.", "codelynn export --format trl --output preferences.jsonl"),
)  # fmt: skip


def commands() -> list[str]:
    """Every command of the page, in its order."""
    return [START.command, *(step.command for step in SESSION)]


def block(step: Step, printed: str) -> str:
    """A step as Markdown."""
    return f"\n{step.about}\n\n```\n$ {step.command}\n{printed.rstrip()}\n```"


def run(step: Step, home: Path, port: int, folder: Path, known: str) -> str:
    """What the step prints. `known` is the comparison that ID stands for. Raises CalledProcessError where the command fails."""
    words = shlex.split(step.command.replace(PORT, str(port)).replace("/ID/", f"/{known}/"))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        words,
        check=True,
        cwd=folder,
        env={**os.environ, "CODELYNN_HOME": str(home), "PATH": path},
        input=step.said,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if not step.said:
        return done.stdout
    greeting, _, reply = done.stdout.partition("\n")
    return f"{greeting}\nyou> {step.said}\n{reply}"


def session(home: Path, port: int, folder: Path) -> Iterator[str]:
    """Run every step and render it. The first step prints the id of the comparison."""
    known = ""
    for step in SESSION:
        printed = run(step, home, port, folder, known)
        if step.command.startswith("curl") and not known:
            known = json.loads(printed)["id"]
        print(step.command, file=sys.stderr)
        yield block(step, printed)


def with_default_port(page: str, port: str) -> str:
    """Keep the width of table cells."""
    cells = re.sub(f"{port}( *)│", lambda rest: PORT + " " * (len(port) - len(PORT)) + rest[1] + "│", page)
    return cells.replace(port, PORT)


def main() -> None:
    """Run the session and print the page."""
    from benchmarks.service import codelynn

    with tempfile.TemporaryDirectory(prefix="codelynn-session-") as name:
        folder = Path(name)
        home = folder / ".codelynn"
        (folder / "tests").symlink_to(PROJECT / "tests")
        with codelynn(home) as client:
            port = client.base_url.port or 0
            steps = list(session(home, port, folder))
        started = (home / "up.log").read_text(encoding="utf-8")
        page = "\n".join([HEAD, block(START, started), *steps])
        print(with_default_port(page.replace(f"{folder}/", ""), str(port)))


if __name__ == "__main__":
    main()
