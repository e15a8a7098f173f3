"""No route takes what a form of another site can send."""

import pytest
from starlette.datastructures import Headers

from feedback_app.api.request_checks import ACCEPTED, type_refused

OF_FORMS = ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]


def refused(path: str, content_type: str | None, length: str = "2") -> bool:
    given = {} if content_type is None else {"content-type": content_type}
    return type_refused(path, Headers({"content-length": length, **given})) is not None


@pytest.mark.parametrize("content_type", [*OF_FORMS, None, "", "text/html", "application/jsonp"])
@pytest.mark.parametrize(
    "path", ["/api/v1/comparisons", "/api/v1/import", "/api/v1/import/", "/v1/chat/completions", "/arena/x"]
)
def test_a_body_of_a_type_that_forms_send_or_of_none_is_refused(path: str, content_type: str | None) -> None:
    assert refused(path, content_type)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_is_taken_everywhere(content_type: str) -> None:
    assert not refused("/api/v1/comparisons", content_type)
    assert not refused("/api/v1/import", content_type)


@pytest.mark.parametrize("content_type", sorted(ACCEPTED["/api/v1/import"]))
def test_imports_take_files(content_type: str) -> None:
    assert not refused("/api/v1/import", content_type)


def test_a_json_route_takes_no_file() -> None:
    assert refused("/api/v1/comparisons", "application/octet-stream")


def test_a_request_without_a_body_needs_no_type() -> None:
    assert type_refused("/api/v1/rollback", Headers({})) is None
    assert not refused("/api/v1/rollback", None, length="0")
    assert not refused("/api/v1/rollback", "text/plain", length="0")


def test_a_body_of_unknown_length_is_a_body() -> None:
    assert type_refused("/api/v1/rollback", Headers({"transfer-encoding": "chunked"})) is not None
