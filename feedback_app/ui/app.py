"""The pages of codeLynn, put together."""

from typing import Any

import gradio as gr
from gradio.components.navbar import Navbar

from feedback_app.services.bundle import Services
from feedback_app.ui import arena_page, chat_page, data_page, leaderboard_page, reward_page, rounds_page
from feedback_app.ui.theme import STATIC, head, theme

PARALLEL_EVENTS = 32
"""Streams that may run at once: each open page holds at most one."""


OTHER_PAGES = (
    ("Chat", chat_page),
    ("Rounds", rounds_page),
    ("Leaderboard", leaderboard_page),
    ("Reward", reward_page),
    ("Data", data_page),
)


def page_paths() -> frozenset[str]:
    """Where the pages are."""
    return frozenset({"/", *(f"/{name.lower()}" for name, _ in OTHER_PAGES)})


def build_ui(services: Services) -> gr.Blocks:
    """Every page, ready to be mounted."""
    demo: gr.Blocks
    with gr.Blocks(title="codeLynn", analytics_enabled=False) as demo:
        Navbar(main_page_name="Arena")
        arena_page.build(services, demo)
    for name, page in OTHER_PAGES:
        with demo.route(name, f"/{name.lower()}"):
            Navbar(main_page_name="Arena")
            page.build(services, demo)
    demo.queue(default_concurrency_limit=PARALLEL_EVENTS, api_open=False)
    return demo


def mount_options(page_token: str) -> dict[str, Any]:
    """What `gradio.mount_gradio_app` is given besides the pages."""
    return {
        "theme": theme(),
        "css_paths": [STATIC / "style.css", STATIC / "arena.css", STATIC / "rankings.css"],
        "head": head(page_token),
        "run_history": False,
        "show_error": False,
        "footer_links": [],
        "ssr_mode": False,
        "enable_monitoring": False,
    }
