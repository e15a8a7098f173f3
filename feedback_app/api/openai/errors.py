"""Errors in OpenAI's form: a sentence that says what to do, a type, a code and the field. They show no internals."""

import re
from collections.abc import Mapping
from traceback import format_tb
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from feedback_app.domain.comparison import InvalidPrompt, PromptTooLong
from feedback_app.engines.base import EngineUnavailable, UnknownModel
from feedback_app.errors import AppError
from feedback_app.services.generation.best_of import NothingToChooseBy
from feedback_app.services.reward.reward_models import RewardModelUnavailable

log = structlog.get_logger()

NOW_UNAVAILABLE = "The model cannot write replies now: try again later. `codelynn doctor`, run where the service runs, says why."
SERVER_ERROR = "The server made an error: try again. Its log has more."
FIELD = re.compile(r"in the body, `([^`]+)`")
"""How `api/edge.py` names the invalid field."""
CODES = {
    400: "invalid_value",
    401: "invalid_api_key",
    403: "forbidden",
    413: "request_too_large",
    415: "unsupported_media_type",
    421: "unknown_host",
    429: "rate_limit_exceeded",
}
UNREADABLE = "The request's body is not valid JSON."
PREFIX = "/v1"


def is_openai(path: str) -> bool:
    """Whether the address belongs to this API, so that its errors have OpenAI's form."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


class Refused(AppError):
    """An error answer. `kind` is OpenAI's `type`; `param` names the invalid field."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(message[:1].upper() + message[1:], kind, code, param)
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)


def error_body(
    message: str, kind: str = "invalid_request_error", code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """The JSON of an error. `kind` is OpenAI's `type`."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refused_early(status: int, message: str) -> Refused:
    """An error that is found before any route runs, such as a missing key. Its code follows from the status."""
    named = FIELD.match(message)
    return Refused(status, message, code=CODES.get(status), param=named[1] if named else None)


def too_long(problem: Exception, field: str) -> Refused:
    """The prompt or the limit in `field` does not fit the model's context."""
    return Refused(400, str(problem), code="context_length_exceeded", param=field)


def refusal(problem: Exception) -> Refused:
    """The answer to any error. An unexpected error is logged with its stack, without its text."""
    match problem:
        case Refused():
            return problem
        case RequestValidationError():
            return _invalid(problem)
        case HTTPException(
            status_code=400, __cause__=Refused() as cause
        ):  # raised while FastAPI read the body
            return cause
        case HTTPException(status_code=400):  # FastAPI raises this for a body that cannot be decoded
            return Refused(400, UNREADABLE, code="invalid_json")
        case AppError(status=status) if status != 500:
            return _app_error(problem)
    log.error("openai_failed", error=type(problem).__name__, at="".join(format_tb(problem.__traceback__)))
    return Refused(500, SERVER_ERROR, "server_error", "internal_error")


def _app_error(error: AppError) -> Refused:
    """The error under the code and the field that OpenAI's clients know; under its own code where OpenAI has none."""
    message = str(error)
    match error:
        case UnknownModel():
            return Refused(404, message, code="model_not_found", param="model")
        case PromptTooLong():
            return too_long(error, "messages")
        case InvalidPrompt():
            return Refused(400, message, code="invalid_value", param="messages")
        case NothingToChooseBy():
            return Refused(error.status, message, code=error.code(), param="best_of")
        case RewardModelUnavailable():
            return Refused(503, message, "server_error", "reward_model_unavailable")
        case EngineUnavailable(retry_after=None):
            log.warning("openai_unavailable", reason=message)
            return Refused(503, NOW_UNAVAILABLE, "server_error", "engine_unavailable")
    status = 400 if error.status == 422 else error.status
    return Refused(
        status, message, _kind(status), CODES.get(status, error.code()), headers=error.retry_headers()
    )


def _kind(status: int) -> str:
    """OpenAI's `type` for a status."""
    if status == 429:
        return "requests"
    return "server_error" if status >= 500 else "invalid_request_error"


def _invalid(problem: RequestValidationError) -> Refused:
    """The first invalid field, without the input itself, which may be private."""
    first = problem.errors()[0]
    loc = [part for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid":
        return Refused(400, UNREADABLE, code="invalid_json")
    if at := (first.get("ctx") or {}).get("at"):
        loc.append(at)
    param = _path(loc)
    if not param:
        return Refused(400, "The request's body must be a JSON object.", code="invalid_type")
    return Refused(400, f"`{param}`{_reason(first)}", code=_code(first["type"]), param=param)


def _path(loc: list[int | str]) -> str:
    """As OpenAI writes it: `messages[0].content`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _reason(error: Mapping[str, Any]) -> str:
    """What is wrong, as the rest of a sentence that begins with the field's name."""
    if error["type"] == "missing":
        return " is required."
    if error["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return " should be an object."
    if error["type"] in ("too_long", "too_short"):
        return (
            " should have at least one item."
            if error["type"] == "too_short"
            else f" should have at most {error['ctx']['max_length']} items."
        )
    reason = str(error["msg"])
    if reason.startswith(("Input ", "is ", "must ")):
        return f" {reason.removeprefix('Input ')}."
    return f": {reason}."


def _code(kind: str) -> str:
    if kind in ("unsupported_parameter", "unsupported_value"):
        return kind
    if kind == "missing":
        return "missing_required_parameter"
    return "invalid_type" if kind.endswith(("_type", "_parsing")) else "invalid_value"
