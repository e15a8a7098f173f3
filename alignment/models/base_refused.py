"""The error of preparing a base model."""

from collections.abc import Iterator
from contextlib import contextmanager


class BaseModelUnavailable(RuntimeError):
    """The base model cannot be prepared. The message is one line that says what to do."""


@contextmanager
def refused_where(problem: str, remedy: str = "") -> Iterator[None]:
    """Any error inside becomes BaseModelUnavailable: `problem`, the kind of error, and what to do."""
    try:
        yield
    except (BaseModelUnavailable, KeyboardInterrupt, SystemExit):
        raise
    # What a library raises at files that it did not expect can be anything; a panic of tokenizers, which is Rust, is no Exception.
    except BaseException as error:
        raise BaseModelUnavailable(f"{problem} ({type(error).__name__}){remedy}") from error
