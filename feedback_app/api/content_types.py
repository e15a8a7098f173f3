"""Which content types a route takes.

An HTML form, and a script on another site that asks nobody first, can send only the three types of forms, or none. So
routes take other types; a request without a body needs none.
https://fetch.spec.whatwg.org/#cors-safelisted-request-header
"""

from starlette.datastructures import Headers

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

TAKEN = {
    "/api/v1/import": FILES,
    "/api/v1/rewards/evaluate": NDJSON,
    "/api/v1/rewards/score": NDJSON,
    "/gradio_api/upload": UPLOADS,  # Gradio's own; only with the token of our pages
    "/login": LOGIN,
}
"""What a route takes besides the usual: JSON alone."""


def type_refused(path: str, headers: Headers) -> str | None:
    """Why a request's body is not taken, in one line; None if it is, or if there is no body."""
    if not _has_body(headers):
        return None
    taken = TAKEN.get(path.rstrip("/"), JSON)
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given in taken:
        return None
    return f"send the body with a `Content-Type` of {' or '.join(sorted(taken))}"


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip() != "0"
