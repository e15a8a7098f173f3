"""Errors as HTTP answers: one line that says what to do, never a traceback. `openai/errors.py` does the same for `/v1`."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from feedback_app.api.openai.errors import is_openai, refused_early
from feedback_app.domain.text_rules import repaired
from feedback_app.errors import AppError


def install(app: FastAPI) -> None:
    """Make the app answer errors as JSON."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _client_left)
    app.add_exception_handler(Exception, _unforeseen)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    body = {"detail": str(error), "code": error.code(), **error.details()}
    return JSONResponse(body, status_code=error.status, headers=error.retry_headers())


def refusal(path: str, line: str, status: int) -> Response:
    """The answer to a request that no route took, in the form of the API that was called."""
    if is_openai(path):
        return refused_early(400 if status == 422 else status, line).response()
    return JSONResponse({"detail": line}, status_code=status)


async def _client_left(request: Request, error: Exception) -> Response:
    """The client left while it sent its body. Nothing was stored, and nobody reads this answer."""
    return Response(status_code=400)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """A programming error. The server logs it."""
    return refusal(request.url.path, "the service made an error: try again; its log says more", 500)


async def _invalid(request: Request, error: Exception) -> Response:
    """Which fields are wrong and why, without the input itself, which may be private."""
    assert isinstance(error, RequestValidationError)
    problems = [
        {"where": repaired(".".join(map(str, item["loc"]))), "reason": repaired(item["msg"])}
        for item in error.errors()
    ]
    line = "; ".join(f"{item['where']}: {item['reason']}" for item in problems)
    return JSONResponse({"detail": line, "errors": problems}, status_code=422)
