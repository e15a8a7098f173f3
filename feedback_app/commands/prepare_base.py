"""Making the base model ready in a process of its own, so that its memory is given back."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

from feedback_app.errors import AppError
from feedback_app.main import converts
from feedback_app.settings import Settings


class PreparationFailed(AppError, RuntimeError):
    """The base model is not ready; one line that says why."""


def prepare_apart(settings: Settings, report: Callable[[str, float], None]) -> None:
    """Prepare the base model, unless it is ready. Raises PreparationFailed."""
    folder = settings.root / "models"
    convert = "convert" if converts(settings) else "keep"
    here = "elsewhere" if settings.engine_url else "here"
    script = (sys.executable, "-m", "feedback_app.commands.prepare_base_process")
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
            told = json.loads(line)
            if "error" in told:
                error = told["error"]
            else:
                report(told["text"], told["fraction"])
    if child.returncode:
        raise PreparationFailed(error)
