"""The root of every error that may reach a user. It imports nothing, so that mistakes on the command line stay quick to report.

An error's message is one line that says what to do, without any text of a prompt or a reply. The API, OpenAI's API, the pages and the
command line each turn an `AppError` into their own form: `api/errors.py`, `api/openai/errors.py`, `ui/shared/guard.py`,
`commands/common.py`. An error is defined beside the code that raises it, as a subclass of one of these kinds.
"""

import re
from collections.abc import Mapping

FAILED, WRONG_USE = 1, 2
RETRY_SECONDS = 5
"""When to try again after an error that may pass, where nothing better is known."""


class AppError(Exception):
    """`status`: of the HTTP answer. `exit_code`: of the command, WRONG_USE where another command is needed, else FAILED. `retryable`:
    whether the same request may succeed later; `retry_after`: in how many seconds, where that is known."""

    status: int = 500
    exit_code: int = FAILED
    retryable: bool = False
    retry_after: int | None = None

    def retry_headers(self) -> dict[str, str]:
        """Headers of the HTTP answer: `Retry-After` where the request may be tried again."""
        seconds = self.retry_after or (RETRY_SECONDS if self.retryable else None)
        return {} if seconds is None else {"Retry-After": str(seconds)}

    @classmethod
    def code(cls) -> str:
        """The kind of error, for programs: `InvalidRound` is `invalid_round`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def details(self) -> Mapping[str, object]:
        """More fields of the HTTP answer."""
        return {}


class Invalid(AppError):
    """The request cannot be understood, or breaks a rule."""

    status = 422
    exit_code = WRONG_USE


class NotFound(AppError):
    """Nothing has this id or name."""

    status = 404
    exit_code = WRONG_USE


class Conflict(AppError):
    """The request is valid, but not in the present state."""

    status = 409


class Unavailable(AppError):
    """A part that is needed does not answer, or has too much to do."""

    status = 503
    retryable = True
