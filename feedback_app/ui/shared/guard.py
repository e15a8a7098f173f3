"""Errors of the services as one friendly line on the page."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec

import gradio as gr

from feedback_app.domain.comparison import InvalidPrompt, InvalidRanking
from feedback_app.domain.persona import UnknownPersona
from feedback_app.domain.round import InvalidRound
from feedback_app.domain.snapshot import BrokenSnapshot, SnapshotNeeded, SnapshotNotFound
from feedback_app.engines.base import EngineUnavailable, UnknownModel
from feedback_app.services.chat.chat import Busy
from feedback_app.services.dataset.dataset import CannotIgnore, FileTooLarge, ImportRefused, UnknownFormat
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.best_of import NothingToChooseBy
from feedback_app.services.rounds.before_after import NothingToCompare
from feedback_app.store import (
    CheckpointNotFound,
    ComparisonNotFound,
    ConversationNotFound,
    InvalidRating,
    NothingToRollBack,
    RoundNotFound,
)
from feedback_app.ui.shared.text import alert, sentence

P = ParamSpec("P")
Updates = dict[Any, Any]
"""Gradio component -> its new value or update."""

FRIENDLY = (
    BrokenSnapshot,
    Busy,
    CannotIgnore,
    CheckpointNotFound,
    ComparisonNotFound,
    ConversationNotFound,
    EngineUnavailable,
    FileTooLarge,
    GenerationFailed,
    ImportRefused,
    InvalidPrompt,
    InvalidRanking,
    InvalidRating,
    InvalidRound,
    NothingToChooseBy,
    NothingToCompare,
    NothingToRollBack,
    RoundNotFound,
    SnapshotNeeded,
    SnapshotNotFound,
    UnknownFormat,
    UnknownModel,
    UnknownPersona,
)


def guarded(line: gr.HTML, act: Callable[P, Updates]) -> Callable[P, Updates]:
    """`act`, with its error shown in `line`, which is cleared where all is well."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> Updates:
        try:
            return {line: "", **act(*args, **kwargs)}
        except FRIENDLY as error:
            return {line: alert(sentence(str(error)))}

    return run


def guarded_stream(line: gr.HTML, act: Callable[P, Iterator[Updates]]) -> Callable[P, Iterator[Updates]]:
    """The same for an act that streams its updates; what another act has said in `line` is left there."""

    @wraps(act)
    def run(*args: P.args, **kwargs: P.kwargs) -> Iterator[Updates]:
        try:
            yield from act(*args, **kwargs)
        except FRIENDLY as error:
            yield {line: alert(sentence(str(error)))}

    return run
