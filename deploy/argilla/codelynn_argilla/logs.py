"""Logs without the text of records.

An exception's message may quote what it failed on (SQL parameters, the input of a validation), so a log record
that carries an exception is printed as its types and places only. The access log stays off: the web pages keep
their search text in the address.
"""

import logging
import sys
import traceback
import warnings


class TextlessFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname} {record.name}"
        if isinstance(record.msg, BaseException):
            return f"{head} {places(record.msg)}"
        if record.exc_info and record.exc_info[1]:
            return f"{head} {places(record.exc_info[1])}"
        return f"{head} {record.getMessage()}"


def places(error: BaseException) -> str:
    """`Type at file:line in function` of the error and of each cause, without any message."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(frames))
    cause = error.__cause__ or error.__context__
    return f"{type(error).__qualname__} at {where or '?'}" + (f"; from {places(cause)}" if cause else "")


def configure_logs() -> None:
    """One handler on standard error for everything, uvicorn included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextlessFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    logging.getLogger("backoff").disabled = True  # it prints the messages of exceptions
    warnings.simplefilter("ignore")  # they are about Argilla's own code, and some name objects
