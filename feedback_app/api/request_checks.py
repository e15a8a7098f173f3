"""Checks of a request by its headers: whether another site made it, and whether its content type is accepted.

Browsers set `Origin` and `Sec-Fetch-…`, and a page cannot forge them; programs such as curl send neither. `null` is the origin of a
sandboxed frame, of a `data:` page and of some redirects, so it counts as another site. https://www.w3.org/TR/fetch-metadata/

An HTML form, and a script on another site without a preflight, can only send the three types of forms, or none. So routes accept other
types; a request without a body needs none. https://fetch.spec.whatwg.org/#cors-safelisted-request-header
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

OURS = ("same-origin", "none")
"""Values of `Sec-Fetch-Site` for our own pages, and for an address that the person typed or bookmarked."""
READS = ("GET", "HEAD")
JSON = frozenset({"application/json"})
NDJSON = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
PARQUET = frozenset({"application/vnd.apache.parquet", "application/x-parquet"})
ZIP = frozenset({"application/zip", "application/x-zip-compressed"})
GZIP = frozenset({"application/gzip", "application/x-gzip"})
FILES = JSON | NDJSON | PARQUET | ZIP | GZIP | {"application/octet-stream"}
UPLOADS = frozenset({"multipart/form-data"})
LOGIN = frozenset({"application/x-www-form-urlencoded"})

ACCEPTED = {
    "/api/v1/import": FILES,
    "/api/v1/rewards/evaluate": NDJSON,
    "/api/v1/rewards/score": NDJSON,
    "/gradio_api/upload": UPLOADS,  # a route of Gradio; needs the token of our pages
    "/login": LOGIN,
}
"""Content types that a route accepts. All other routes accept JSON only."""


def from_another_site(method: str, path: str, headers: Headers, pages: Collection[str]) -> bool:
    """Whether another site made the request. Links on other sites to one of our `pages` are allowed: they open as a page of their own, which
    the other site can neither read nor click."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and _host_of(origin) != headers.get("host", ""):
        return True
    return site not in (None, *OURS) and not _opens_a_page(method, path, headers, pages)


def from_a_browser(headers: Headers) -> bool:
    """Whether the request has a header that every current browser sends and programs need not."""
    return "sec-fetch-site" in headers or "origin" in headers


def _host_of(origin: str) -> str | None:
    """Host and port; None if there is none, as in `null`."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:  # unbalanced brackets
        return None


def _opens_a_page(method: str, path: str, headers: Headers, pages: Collection[str]) -> bool:
    navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return navigates and method in READS and (path.rstrip("/") or "/") in pages


def type_refused(path: str, headers: Headers) -> str | None:
    """Why the content type is refused, in one line; None if it is accepted or there is no body."""
    if not _has_body(headers):
        return None
    accepted = ACCEPTED.get(path.rstrip("/"), JSON)
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in accepted:
        return None
    return f"send the body with a `Content-Type` of {' or '.join(sorted(accepted))}"


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip() != "0"
