"""Errors as one line on the page."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec

import gradio as gr

from feedback_app.errors import AppError
from feedback_app.ui.shared.text import alert, sentence

P = ParamSpec("P")
Updates = dict[Any, Any]
"""Gradio component -> its new value or update."""


def error_line(error: AppError) -> str:
    """The error as HTML: one sentence in an alert."""
    return alert(sentence(str(error)))


def guarded(line: gr.HTML, act: Callable[P, Updates]) -> Callable[P, Updates]:
    """`act`, with an error shown in `line`. The line is cleared when there is none."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> Updates:
        try:
            return {line: "", **act(*args, **kwargs)}
        except AppError as error:
            return {line: error_line(error)}

    return run


def guarded_stream(line: gr.HTML, act: Callable[P, Iterator[Updates]]) -> Callable[P, Iterator[Updates]]:
    """The same for an act that streams its updates. Without an error, `line` keeps what it shows."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> Iterator[Updates]:
        try:
            yield from act(*args, **kwargs)
        except AppError as error:
            yield {line: error_line(error)}

    return run
