"""The pages of codeLynn, put together."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.arena import page as arena_page
from feedback_app.ui.arena.routes import ArenaServices
from feedback_app.ui.chat import page as chat_page
from feedback_app.ui.chat.handlers import ChatServices
from feedback_app.ui.data import page as data_page
from feedback_app.ui.leaderboard import page as leaderboard_page
from feedback_app.ui.reward import page as reward_page
from feedback_app.ui.rounds import page as rounds_page
from feedback_app.ui.settings import page as settings_page
from feedback_app.ui.shared import navigation
from feedback_app.ui.shared.navigation import Place, head_html
from feedback_app.ui.shared.theme import STATIC, STYLES, head, theme

PARALLEL_EVENTS = 32
"""Streams that may run at once: each open page holds at most one."""
QUEUE_SECONDS = 0.02
PROGRESS_SECONDS = 0.1
"""How often Gradio's queue looks for work. Its own 1 and 10 milliseconds keep a core 6 to 10 % busy with no page open."""

Build = Callable[[Services, gr.Blocks], None]


def _arena(services: Services, demo: gr.Blocks) -> None:
    arena_page.build(services.arena)


def _chat(services: Services, demo: gr.Blocks) -> None:
    chat = ChatServices(
        chat=services.chat,
        side_by_side=services.side_by_side,
        arena=services.arena,
        models=services.models,
        preferences=services.preferences,
        personas=services.personas,
    )
    chat_page.build(chat, demo)


OTHER_PAGES: tuple[tuple[Place, Build], ...] = (
    (navigation.CHAT, _chat),
    (navigation.ROUNDS, rounds_page.build),
    (navigation.LEADERBOARD, leaderboard_page.build),
    (navigation.REWARD, reward_page.build),
    (navigation.DATA, data_page.build),
    (navigation.SETTINGS, settings_page.build),
)


def page_paths() -> frozenset[str]:
    """Where the pages are."""
    return frozenset({"/", *(f"/{place.path}" for place, _ in OTHER_PAGES)})


def build_ui(services: Services) -> gr.Blocks:
    """Every page, ready to be mounted."""
    demo: gr.Blocks
    with gr.Blocks(title="codeLynn", analytics_enabled=False) as demo:
        _page(navigation.ARENA, _arena, services, demo)
    for place, build in OTHER_PAGES:
        with demo.route(place.name, f"/{place.path}", show_in_navbar=False):
            _page(place, build, services, demo)
    demo.queue(default_concurrency_limit=PARALLEL_EVENTS, api_open=False)
    look_seldom(demo)
    return demo


def arena_services(services: Services) -> ArenaServices:
    """The services that the routes of the Arena page use."""
    return ArenaServices(
        arena=services.arena,
        pair_selection=services.pair_selection,
        prefetch=services.prefetch,
        live_reward=services.live_reward,
        repeats=services.repeats,
        models=services.models,
        advisor=services.advisor,
    )


def look_seldom(demo: gr.Blocks) -> None:
    """Have Gradio's queue, which polls, look for events less often."""
    demo._queue.sleep_when_free = QUEUE_SECONDS
    demo._queue.progress_update_sleep_when_free = PROGRESS_SECONDS


def _page(place: Place, build: Build, services: Services, demo: gr.Blocks) -> None:
    gr.HTML(head_html(place), elem_id="shell")
    build(services, demo)


def mount_options(page_token: str) -> dict[str, Any]:
    """What `gradio.mount_gradio_app` is given besides the pages."""
    return {
        "theme": theme(),
        "css_paths": list(STYLES),
        "head": head(page_token),
        "favicon_path": str(STATIC / "mark.svg"),
        "run_history": False,
        "show_error": False,
        "footer_links": [],
        "ssr_mode": False,
        "enable_monitoring": False,
    }
