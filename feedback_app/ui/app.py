"""The pages of codeLynn, put together."""

from typing import Any

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui import arena_page
from feedback_app.ui.theme import CSS, theme


def build_ui(services: Services) -> gr.Blocks:
    """Every page, ready to be mounted."""
    with gr.Blocks(title="codeLynn", analytics_enabled=False) as demo:
        arena_page.build(services)
    return demo


def mount_options() -> dict[str, Any]:
    """What `gradio.mount_gradio_app` is given besides the pages."""
    return {
        "theme": theme(),
        "css": CSS,
        "run_history": False,
        "show_error": False,
        "footer_links": ["settings"],
        "ssr_mode": False,
        "enable_monitoring": False,
    }
