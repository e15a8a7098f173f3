"""Prepares the base model in a child process, because torch takes 800 MB for the default model and frees it only at exit.

The child is `python -m feedback_app.commands.prepare_base SOURCE FOLDER CONVERT HERE`. It writes one JSON line on standard output
for each report: {"text", "fraction"}, or {"error"} at the end, with exit code 2.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from feedback_app import main as root
from feedback_app.errors import AppError
from feedback_app.settings import Settings


class PreparationFailed(AppError, RuntimeError):
    """The base model could not be prepared; the message says why."""


def prepare_apart(settings: Settings, report: Callable[[str, float], None]) -> None:
    """Prepare the base model, unless it is ready. Raises PreparationFailed."""
    folder = settings.root / "models"
    convert = "convert" if root.converts(settings) else "keep"
    here = "elsewhere" if settings.engine_url else "here"
    script = (sys.executable, "-m", "feedback_app.commands.prepare_base")
    command = (*script, settings.base_model, str(folder), convert, here)
    log = settings.root / "logs" / "prepare.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    error = f"the base model could not be prepared: see {log}"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, "TQDM_DISABLE": "1"}
        ) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            message = json.loads(line)
            if "error" in message:
                error = message["error"]
            else:
                report(message["text"], message["fraction"])
    if child.returncode:
        raise PreparationFailed(error)


def main() -> int:
    source, folder, convert, here = sys.argv[1:]
    try:
        root.prepare_files(source, Path(folder), convert == "convert", here == "here", _report)
    except root.BaseModelUnavailable as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 2
    return 0


def _report(text: str, fraction: float) -> None:
    print(json.dumps({"text": text, "fraction": fraction}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
