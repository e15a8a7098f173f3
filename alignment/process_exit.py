"""How the processes of a round end: their exit codes, and the file with the reason of a failure."""

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
    "HF_HUB_OFFLINE": "1",  # a round needs nothing from a network
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def exit_code(run: Callable[[], None], failure: Path) -> int:
    """Call `run` and return the exit code. The reason of a failure is written to the file `failure`."""
    try:
        run()
    except Interrupted:
        return STOPPED
    except RoundRefused as refusal:
        return _fail(failure, REFUSED, str(refusal))
    except Exception as error:  # noqa: BLE001  # every failure must leave a reason on disk
        return _fail(failure, FAILED, _reason(error))
    return DONE


def _reason(error: Exception) -> str:
    """One line. Only errors of this package are quoted: the message of a library may contain text of the data."""
    _print_traceback(error)
    if type(error).__module__.startswith("alignment."):
        return str(error)
    return f"{type(error).__name__}: see trainer.log"


def _print_traceback(error: Exception) -> None:
    """The places of the error, without its message."""
    print("".join(traceback.format_tb(error.__traceback__)), type(error).__qualname__, file=sys.stderr)


def _fail(file: Path, code: int, reason: str) -> int:
    write_failure(file, reason)
    print(reason, file=sys.stderr)
    return code
