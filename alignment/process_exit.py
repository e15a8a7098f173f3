"""What the processes of a round have in common: how they keep quiet, and how they say why they ended."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from alignment.contract.errors import RoundRefused
from alignment.contract.outcome import write_failure
from alignment.stop_signal import Interrupted

DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 143
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",  # everything a round needs is on disk
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def exit_code(run: Callable[[], None], failure: Path) -> int:
    """Run, and say how it ended; the reason of a failure is then in the file."""
    try:
        run()
    except Interrupted:
        return STOPPED
    except RoundRefused as refusal:
        return _fail(failure, REFUSED, str(refusal))
    except Exception as error:  # noqa: BLE001  # the last line of defence: every failure becomes a reason on disk
        return _fail(failure, FAILED, _reason(error))
    return DONE


def _reason(error: Exception) -> str:
    """One line. Only errors of our own are quoted: a library's message may carry text of the data."""
    _print_traceback(error)
    if type(error).__module__.startswith("alignment."):
        return str(error)
    return f"{type(error).__name__}: see trainer.log"


def _print_traceback(error: Exception) -> None:
    """Where it went wrong, without the messages."""
    print("".join(traceback.format_tb(error.__traceback__)), type(error).__qualname__, file=sys.stderr)


def _fail(file: Path, code: int, reason: str) -> int:
    write_failure(file, reason)
    print(reason, file=sys.stderr)
    return code
