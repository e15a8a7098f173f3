"""Markdown of replies as HTML. Whatever a model writes, the result runs no script and loads nothing."""

from collections.abc import MutableMapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup


def _renderer() -> MarkdownIt:
    """CommonMark with tables. Raw HTML and images read as text.

    markdown-it makes no links of `javascript:`, `vbscript:`, `file:` and `data:` addresses.
    """
    made = MarkdownIt("commonmark", {"html": False, "breaks": True})
    made.enable(["table", "strikethrough"]).disable("image")
    made.add_render_rule("link_open", _link)
    return made


def _link(
    renderer: RendererProtocol,
    tokens: list[Token],
    at: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    """A link that opens in a new tab and sends no referrer."""
    attributes = {"target": "_blank", "rel": "noopener noreferrer nofollow"}
    tokens[at].attrs.update(attributes)
    return str(renderer.renderToken(tokens, at, options, env))  # type: ignore[attr-defined]


RENDERER = _renderer()


def safe_html(text: str) -> Markup:
    """Untrusted Markdown as HTML."""
    return Markup(RENDERER.render(text))  # noqa: S704 - the renderer escapes it
