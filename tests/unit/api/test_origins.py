"""What the browser says of a request decides whether another site made it."""

import pytest
from starlette.datastructures import Headers

from feedback_app.api.request_checks import from_a_browser, from_another_site

PAGES = frozenset({"/", "/chat"})
HOST = "127.0.0.1:7860"


def foreign(path: str = "/api/v1/export", method: str = "GET", **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return from_another_site(method, path, Headers({"host": HOST, **named}), PAGES)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1:6900",
        "http://127.0.0.1",
        "file://",
        "http://[",
        "blob:null",
    ],
)
def test_every_origin_but_our_own_is_another_site(origin: str) -> None:
    assert foreign(origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "anything"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_browser_that_names_another_site_is_believed(site: str, method: str) -> None:
    assert foreign(sec_fetch_site=site, method=method)
    assert foreign("/", sec_fetch_site=site, method=method, sec_fetch_mode="no-cors", sec_fetch_dest="image")


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "none"}, {"sec_fetch_site": "same-origin"}])
def test_programs_people_and_our_own_pages_may_ask(headers: dict[str, str]) -> None:
    assert not foreign(**headers)
    assert not foreign(method="POST", **headers)
    assert not foreign(origin=f"http://{HOST}", **headers)


@pytest.mark.parametrize(
    ("path", "refused"), [("/", False), ("/chat/", False), ("/api/v1/export", True), ("/arena/next", True)]
)
def test_a_link_from_elsewhere_opens_pages_and_nothing_else(path: str, refused: bool) -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert foreign(path, **link) is refused
    assert foreign(path, method="POST", **link)
    assert foreign(path, **{**link, "sec_fetch_dest": "iframe"})


def test_a_browser_leaves_marks_and_a_program_none() -> None:
    assert from_a_browser(Headers({"sec-fetch-site": "same-origin"}))
    assert from_a_browser(Headers({"origin": "http://127.0.0.1"}))
    assert not from_a_browser(Headers({"user-agent": "curl"}))
