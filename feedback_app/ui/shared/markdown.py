"""Replies as HTML for pages that draw themselves. Whatever a model writes, the result runs nothing and loads nothing."""

from collections.abc import MutableMapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup


def _renderer() -> MarkdownIt:
    """CommonMark with tables, without raw HTML and without images: both are read as text.

    markdown-it takes no `javascript:`, `vbscript:`, `file:` or `data:` for a link.
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
    """A link that opens beside the page and says nothing of it."""
    attributes = {"target": "_blank", "rel": "noopener noreferrer nofollow"}
    tokens[at].attrs.update(attributes)
    return str(renderer.renderToken(tokens, at, options, env))  # type: ignore[attr-defined]


RENDERER = _renderer()


def safe_html(text: str) -> Markup:
    """Markdown from an untrusted source as HTML."""
    return Markup(RENDERER.render(text))  # noqa: S704 - the renderer escapes what it does not know
