"""The look of all pages, light and dark. Fonts are those of the machine: nothing is downloaded."""

import gradio as gr
from gradio.themes.utils.fonts import Font
from markupsafe import Markup

from feedback_app.ui.shared.templates import ROOMS, render

STATIC = ROOMS / "shared" / "static"
STYLES = (
    STATIC / "style.css",
    STATIC / "shell.css",
    ROOMS / "arena" / "static" / "arena.css",
    ROOMS / "chat" / "static" / "chat.css",
    ROOMS / "data" / "static" / "rankings.css",
)
"""The style sheets of all pages, in the order in which they apply."""
INLINE = (
    STATIC / "token.js",
    ROOMS / "gradio_workarounds" / "static" / "queue.js",
    STATIC / "pages.js",
)
"""Scripts that each wrap `window.fetch`, in the order in which they do so."""
MODULES = (
    "shared/static/shell.js",
    "shared/static/alternatives.js",
    "arena/static/arena.js",
    "data/static/exports.js",
    "data/static/rankings.js",
    "shared/static/notice.js",
)
SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """Quiet greys and one accent."""
    return gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        radius_size="lg",
        font=[Font(name) for name in SANS],
        font_mono=[Font(name) for name in MONO],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_400",
        link_text_color="*primary_700",
        link_text_color_visited="*primary_700",
        block_border_width="1px",
        block_shadow="none",
        block_label_text_weight="500",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        button_border_width="1px",
    )


def head(page_token: str) -> Markup:
    """Content of the `<head>` of every page: the token that requests carry, and the scripts. `INLINE` scripts run before Gradio's."""
    inline = [Markup(path.read_text(encoding="utf-8")) for path in INLINE]  # noqa: S704 - our own files
    return render("shared/document_head.html", page_token=page_token, inline=inline, modules=MODULES)
