"""The guard in front of everything: who gets through to the app behind it."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from feedback_app.api.security import Access, Guard, access


async def reached(scope: Scope, receive: Receive, send: Send) -> None:
    """The app behind the guard."""
    await Request(scope, receive).body()
    await PlainTextResponse("reached")(scope, receive, send)


def behind(rules: Access) -> TestClient:
    return TestClient(Guard(reached, rules), base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
        ({"Authorization": "Bearer secret", "Origin": "http://evil.example"}, 403),
        ({"Authorization": "Bearer secret", "Origin": "null"}, 403),
        ({"Authorization": "Bearer secret", "Origin": "http://127.0.0.1"}, 200),
        ({"Authorization": "Bearer secret", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Authorization": "Bearer secret", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Authorization": "Bearer secret", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Authorization": "Bearer secret", "Host": "rebound.example"}, 421),
    ],
)
def test_the_guard_wants_the_token_our_host_and_our_origin(headers: dict[str, str], status: int) -> None:
    guarded = behind(Access("secret", frozenset({"127.0.0.1"})))
    assert guarded.get("/v1/models", headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/arena/nothing", "/gradio_api/queue/join", "/rankings/nothing"])
def test_what_a_browser_changes_on_our_pages_carries_the_token_of_the_page(path: str) -> None:
    rules = Access("", frozenset({"127.0.0.1"}), page_token="of the page")
    guarded = behind(rules)
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert guarded.post(path, json={}, headers=ours).status_code == 403
    assert guarded.post(path, json={}, headers={**ours, "X-Codelynn-Token": "guessed"}).status_code == 403
    assert guarded.post(path, json={}, headers={**ours, "X-Codelynn-Token": "of the page"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "null", "Content-Type": "text/plain"}, 403),
        ({"Origin": "null", "Content-Type": "application/json"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
        ({"Content-Type": "application/x-ndjson"}, 200),
    ],
)
def test_an_import_that_a_foreign_page_can_send_never_arrives(headers: dict[str, str], status: int) -> None:
    guarded = behind(Access("", frozenset({"127.0.0.1"})))
    assert guarded.post("/api/v1/import?format=trl", content="{}", headers=headers).status_code == status


@pytest.mark.parametrize("header", ["Host", "Origin"])
def test_a_malformed_header_is_refused(header: str) -> None:
    guarded = behind(Access("", frozenset({"127.0.0.1"})))
    assert guarded.get(
        "/v1/models", headers={header: "http://[" if header == "Origin" else "["}
    ).status_code in (403, 421)


def test_a_browser_logs_in_with_the_token() -> None:
    guarded = behind(Access("secret", frozenset({"127.0.0.1"})))
    asked = guarded.get("/chat", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/login")
    assert guarded.post("/login", data={"token": "wrong"}).status_code == 401
    guarded.post("/login", data={"token": "secret"}, follow_redirects=False)
    assert guarded.get("/v1/models").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "application/json"}, 401, "invalid_api_key"),
        ({"Authorization": "Bearer secret", "Origin": "null"}, 403, "forbidden"),
        ({"Authorization": "Bearer secret", "Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        ({"Authorization": "Bearer secret", "Host": "rebound.example"}, 421, "unknown_host"),
    ],
)
def test_refusals_under_v1_have_openais_form(headers: dict[str, str], status: int, code: str) -> None:
    guarded = behind(Access("secret", frozenset({"127.0.0.1"})))
    answer = guarded.post("/v1/chat/completions", content="{}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing"])
@pytest.mark.parametrize(
    "headers", [{}, {"Accept": "text/html"}, {"Host": "rebound.example"}, {"Origin": "null"}]
)
def test_each_path_of_the_openai_api_refuses_in_its_form(path: str, headers: dict[str, str]) -> None:
    guarded = behind(Access("secret", frozenset({"127.0.0.1"})))
    answer = guarded.get(path, headers=headers, follow_redirects=False)
    assert (answer.is_client_error, list(answer.json())) == (True, ["error"])


def test_a_path_that_only_begins_like_the_openai_api_is_none_of_it() -> None:
    guarded = behind(Access("secret", frozenset({"127.0.0.1"})))
    assert "detail" in guarded.get("/v10").json()


@pytest.mark.parametrize("path", ["/v1/files", "/v1/audio/transcriptions", "/v1/images/edits"])
def test_a_file_for_an_api_that_is_not_served_is_told_so_and_not_to_be_sent_as_json(path: str) -> None:
    guarded = behind(Access("", frozenset({"127.0.0.1"})))
    answer = guarded.post(path, files={"file": b"x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unsupported_endpoint")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:7860", True),
        ("LOCALHOST", True),
        ("[::1]:7860", True),
        ("lynn.example", True),
        ("localhost.", False),
        ("evil.example@localhost", False),
        ("localhost:7860@evil.example", False),
        ("localhost/evil.example", False),
        ("localhost:7860,evil.example", False),
        ("localhost:port", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_only_a_plain_name_of_ours_is_known(host: str, known: bool) -> None:
    assert access("127.0.0.1", "", "Lynn.example").host_known(host) is known
