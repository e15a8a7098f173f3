"""All pages together. Here each page gets the services that it uses."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from fastapi import APIRouter

from feedback_app.services.bundle import Services
from feedback_app.ui.arena import page as arena_page
from feedback_app.ui.arena import routes as arena_routes
from feedback_app.ui.arena.routes import ArenaServices
from feedback_app.ui.chat import page as chat_page
from feedback_app.ui.chat.handlers import ChatServices
from feedback_app.ui.data import page as data_page
from feedback_app.ui.data.page import DataServices
from feedback_app.ui.data.routes import RankingRoutes
from feedback_app.ui.gradio_workarounds.polling import poll_less_often
from feedback_app.ui.leaderboard import page as leaderboard_page
from feedback_app.ui.reward import page as reward_page
from feedback_app.ui.rounds import page as rounds_page
from feedback_app.ui.rounds.page import RoundsServices
from feedback_app.ui.rounds.routes import RoundRoutes
from feedback_app.ui.settings import page as settings_page
from feedback_app.ui.settings.page import SettingsServices
from feedback_app.ui.shared import navigation
from feedback_app.ui.shared.navigation import Place, head_html
from feedback_app.ui.shared.routes import ShellRoutes
from feedback_app.ui.shared.theme import STATIC, STYLES, head, theme

PARALLEL_EVENTS = 32
"""How many streams may run at once. Each open page holds at most one."""

Build = Callable[[Services, gr.Blocks], None]


def page_paths() -> frozenset[str]:
    """The paths of the pages."""
    return frozenset(f"/{place.path}" for place in PAGES)


def build_ui(services: Services) -> gr.Blocks:
    """Every page, ready to be mounted."""
    demo: gr.Blocks
    with gr.Blocks(title="codeLynn", analytics_enabled=False) as demo:
        _page(navigation.ARENA, services, demo)
    for place in PAGES:
        if place != navigation.ARENA:
            with demo.route(place.name, f"/{place.path}", show_in_navbar=False):
                _page(place, services, demo)
    demo.queue(default_concurrency_limit=PARALLEL_EVENTS, api_open=False)
    poll_less_often(demo)
    return demo


def page_routes(services: Services) -> list[APIRouter]:
    """What the scripts of the pages ask for, besides the public API."""
    rankings = RankingRoutes(services.curation, services.arena, services.models)
    shell = ShellRoutes(
        arena=services.arena,
        readiness=services.readiness,
        estimates=services.estimates,
        models=services.models,
        preferences=services.preferences,
        rounds=services.rounds,
    )
    return [
        arena_routes.router(arena_services(services)),
        rankings.router(),
        RoundRoutes(services.rounds, services.models).router(),
        shell.router(),
    ]


def _page(place: Place, services: Services, demo: gr.Blocks) -> None:
    gr.HTML(head_html(place), elem_id="shell")
    PAGES[place](services, demo)


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


def arena_services(services: Services) -> ArenaServices:
    """The services that the routes of the Arena page use."""
    return ArenaServices(
        arena=services.arena,
        pair_selection=services.pair_selection,
        prefetch=services.prefetch,
        live_reward=services.live_reward,
        repeats=services.repeats,
        models=services.models,
        readiness=services.readiness,
    )


def _rounds(services: Services, demo: gr.Blocks) -> None:
    used = RoundsServices(
        rounds=services.rounds,
        lineage=services.lineage,
        models=services.models,
        estimates=services.estimates,
        readiness=services.readiness,
        before_after=services.before_after,
    )
    rounds_page.build(used, demo)


def _leaderboard(services: Services, demo: gr.Blocks) -> None:
    leaderboard_page.build(services.leaderboard, services.models, demo)


def _reward(services: Services, demo: gr.Blocks) -> None:
    reward_page.build(services.guess_calibration, services.reward_models, demo)


def _data(services: Services, demo: gr.Blocks) -> None:
    used = DataServices(
        dataset=services.dataset,
        arena=services.arena,
        snapshots=services.snapshots,
        desks=services.desks,
        agreements=services.agreements,
        status=services.status,
    )
    data_page.build(used, demo)


def _settings(services: Services, demo: gr.Blocks) -> None:
    used = SettingsServices(
        preferences=services.preferences,
        packs=services.arena.packs,
        models=services.models,
        personas=services.personas,
    )
    settings_page.build(used, demo)


PAGES: dict[Place, Build] = {
    navigation.ARENA: _arena,
    navigation.CHAT: _chat,
    navigation.ROUNDS: _rounds,
    navigation.LEADERBOARD: _leaderboard,
    navigation.REWARD: _reward,
    navigation.DATA: _data,
    navigation.SETTINGS: _settings,
}
"""The pages and what draws them. The first one is at the root."""


def mount_options(page_token: str) -> dict[str, Any]:
    """The options of `gradio.mount_gradio_app`."""
    return {
        "theme": theme(),
        "css_paths": list(STYLES),
        "head": head(page_token),
        "favicon_path": str(STATIC / "mark.svg"),
        "run_history": False,
        "show_error": False,
        "footer_links": [],
        "enable_monitoring": False,
    }
