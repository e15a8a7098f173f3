"""Which requests a page on another site has made: from what the browser itself says of them.

A page cannot forge `Origin` or `Sec-Fetch-…`; programs such as curl send neither. `null` is the origin of a sandboxed
frame, of a `data:` page and of some redirects on any site, so it counts as another site.
https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

OURS = ("same-origin", "none")
"""Values of `Sec-Fetch-Site`: our own page, or the person (an address typed, a bookmark)."""
READS = ("GET", "HEAD")


def from_another_site(method: str, path: str, headers: Headers, pages: Collection[str]) -> bool:
    """Whether to refuse the request as another site's. Links from elsewhere to one of our `pages` stay allowed: they
    open in a tab of their own, where the other site can neither read nor click."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and _host_of(origin) != headers.get("host", ""):
        return True
    return site not in (None, *OURS) and not _opens_a_page(method, path, headers, pages)


def from_a_browser(headers: Headers) -> bool:
    """Whether the request has a mark that every browser of today leaves and no program has to."""
    return "sec-fetch-site" in headers or "origin" in headers


def _host_of(origin: str) -> str | None:
    """Host and port; None where there is none, as in `null`."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:  # brackets that do not match
        return None


def _opens_a_page(method: str, path: str, headers: Headers, pages: Collection[str]) -> bool:
    navigates = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return navigates and method in READS and (path.rstrip("/") or "/") in pages
