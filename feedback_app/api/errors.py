"""Errors of the services as HTTP answers: one line that says what to do, never a traceback. Those of /v1 are in `openai`."""

import re
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from feedback_app.api.openai.errors import is_openai, refused_early
from feedback_app.api.rewards import UnusableLines
from feedback_app.domain.comparison import InvalidPrompt, InvalidRanking
from feedback_app.domain.persona import UnknownPersona
from feedback_app.domain.round import InvalidRound
from feedback_app.domain.snapshot import BrokenSnapshot, SnapshotNeeded, SnapshotNotFound
from feedback_app.domain.text_rules import mended
from feedback_app.engines.base import EngineBusy, EngineUnavailable, UnknownModel
from feedback_app.services.annotation.desks import UnknownDesk
from feedback_app.services.chat.chat import Busy
from feedback_app.services.dataset.curation import InvalidTag
from feedback_app.services.dataset.dataset import (
    CannotIgnore,
    ExportFailed,
    FileTooLarge,
    ImportRefused,
    UnknownFormat,
)
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.best_of import NothingToChooseBy
from feedback_app.services.reward.reward_models import (
    NoHeldoutRankings,
    NoRewardModel,
    RewardModelUnavailable,
    UnknownRewardModel,
)
from feedback_app.services.system.preferences import FixedPreference, InvalidPreference
from feedback_app.store import (
    AmbiguousId,
    CheckpointNotFound,
    ComparisonNotFound,
    ConversationNotFound,
    InvalidCursor,
    NothingToRollBack,
    RoundNotFound,
    UnreadableRecord,
)

STATUS: dict[type[Exception], int] = {
    InvalidPrompt: 422,
    InvalidRanking: 422,
    InvalidCursor: 422,
    InvalidTag: 422,
    InvalidPreference: 422,
    FixedPreference: 409,
    InvalidRound: 409,
    AmbiguousId: 422,
    Busy: 409,
    NoRewardModel: 409,
    NoHeldoutRankings: 409,
    UnknownRewardModel: 404,
    UnknownDesk: 404,
    NothingToChooseBy: 422,
    UnknownFormat: 422,
    CannotIgnore: 422,
    UnknownPersona: 404,
    UnknownModel: 404,
    CheckpointNotFound: 404,
    ComparisonNotFound: 404,
    ConversationNotFound: 404,
    RoundNotFound: 404,
    SnapshotNotFound: 404,
    SnapshotNeeded: 409,
    BrokenSnapshot: 409,
    NothingToRollBack: 409,
    FileTooLarge: 413,
    ExportFailed: 500,
    UnreadableRecord: 500,
    GenerationFailed: 503,
    RewardModelUnavailable: 503,
    EngineUnavailable: 503,
}
Handler = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Teach the app to answer our errors."""
    for error, status in STATUS.items():
        app.add_exception_handler(error, _line(status))
    app.add_exception_handler(ImportRefused, _refused)
    app.add_exception_handler(UnusableLines, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unforeseen)


def _line(status: int) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        busy = error.busy if isinstance(error, GenerationFailed) else error
        found, headers = status, {}
        if isinstance(busy, EngineBusy):
            found, headers = busy.status, {"Retry-After": str(busy.retry_after)}
        return JSONResponse({"detail": str(error), "code": code(error)}, status_code=found, headers=headers)

    return answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ImportRefused | UnusableLines)
    lines = [{"line": bad.line, "reason": bad.reason} for bad in error.errors]
    told = {"detail": str(error), "code": code(error), "errors": lines, "bad_lines": error.total}
    return JSONResponse(told, status_code=422)


def code(error: Exception) -> str:
    """What kind of error it is, for programs: `InvalidRound` is `invalid_round`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def refusal(path: str, line: str, status: int) -> Response:
    """The answer to a request that cannot be taken, in the form of the API that was asked."""
    if is_openai(path):
        return refused_early(400 if status == 422 else status, line).response()
    return JSONResponse({"detail": line}, status_code=status)


async def _left(request: Request, error: Exception) -> Response:
    """The client went away while it sent its body: nothing was stored, and nobody reads the answer."""
    return Response(status_code=400)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """An error of ours, in the form of all others. The server logs it."""
    return refusal(request.url.path, "the service made an error: try again; its log says more", 500)


async def _invalid(request: Request, error: Exception) -> Response:
    """What is wrong and where, without the input itself: it may be private."""
    assert isinstance(error, RequestValidationError)
    told = [
        {"where": mended(".".join(map(str, item["loc"]))), "reason": mended(item["msg"])}
        for item in error.errors()
    ]
    line = "; ".join(f"{item['where']}: {item['reason']}" for item in told)
    return JSONResponse({"detail": line, "errors": told}, status_code=422)
