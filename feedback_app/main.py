"""The composition root: builds every part of the service from the settings and runs it.

Read it from top to bottom: `serve` runs the web server, `build` and `assembled` build the parts below it, and `_services` builds
the services; `preferred`, `reward_models` and `round_services` build theirs. After that come the steps that commands use alone:
preparing the base model and the database. Only these modules know the training packages.
"""

import random
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from alignment.models.base_model import BaseModelUnavailable as BaseModelUnavailable
from alignment.models.base_model import is_prepared, prepare_base, unasked
from alignment.models.base_source import find_source
from feedback_app.api.security import Access, access
from feedback_app.desks.configured import desk_names
from feedback_app.domain.persona import known_personas, read_persona
from feedback_app.embedded.plan import reached_at
from feedback_app.embedded.running_services import announced_service, with_embedded
from feedback_app.engines.base import Engine, EngineUnavailable
from feedback_app.engines.memory import keep_blocks
from feedback_app.engines.selection import build_engine, cannot_answer
from feedback_app.logs import configure_logs
from feedback_app.preferred import Preferred, preference_book
from feedback_app.processes.local_files import listener, page_token, usable_home
from feedback_app.reward_models import live_reward, rewards
from feedback_app.round_services import round_services
from feedback_app.services.annotation.agreement import Agreements
from feedback_app.services.annotation.desks import Desks
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.pair_selection import DraftComparisons, PairSelection
from feedback_app.services.arena.planning import ComparisonPlanner
from feedback_app.services.arena.prefetch import Prefetch
from feedback_app.services.arena.prompt_packs import PromptPacks
from feedback_app.services.arena.repeats import Repeats
from feedback_app.services.bundle import Services
from feedback_app.services.chat.chat import Chat
from feedback_app.services.chat.side_by_side import SideBySide
from feedback_app.services.dataset.curation import Curation
from feedback_app.services.dataset.dataset import Dataset
from feedback_app.services.dataset.search_index import SearchIndex
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import BaseFiles, Models, warm
from feedback_app.services.leaderboard.leaderboard import Leaderboard
from feedback_app.services.reward.guess_calibration import GuessCalibration
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.services.reward.reward_models import TrainedScorer
from feedback_app.services.rounds.queue import RoundQueue
from feedback_app.services.system.status import service_status
from feedback_app.settings import Settings, load_settings
from feedback_app.store import Store, migrate, open_store

if TYPE_CHECKING:
    from fastapi import FastAPI

Report = Callable[[str, float], None]
"""Progress callback: called with the current step and the fraction done."""


@dataclass(frozen=True, slots=True)
class App:
    """All parts of a service. `close` stops every reply that is being written and stores what there is of it."""

    settings: Settings
    store: Store
    engine: Engine
    generations: Generations
    services: Services
    search_index: SearchIndex

    def start(self) -> None:
        """Start what works in the background."""
        self.services.live_reward.start()
        self.search_index.start()
        threading.Thread(target=self.services.dataset.recover, name="unfinished-imports", daemon=True).start()

    def close(self) -> None:
        self.search_index.close()
        self.services.before_after.close()
        self.generations.close()
        self.services.live_reward.close()
        self.services.reward_models.close()
        self.engine.close()
        self.store.close()


def serve(settings: Settings) -> None:
    """Run the web server until a signal arrives. The model is prepared and loaded while the pages are built.

    Raises PortTaken, Unprotected, EngineUnavailable."""
    configure_logs(settings.log_level)
    keep_blocks()
    token = page_token(settings.root, settings.access_token)
    rules = access(settings.host, settings.access_token, settings.allowed_hosts, token)
    if fault := base_missing(settings):  # checked before anything is loaded, as is a port that is in use
        raise EngineUnavailable(fault)
    with listener(settings.host, settings.port) as listening:
        app = assembled(settings)
        api = _api_with_model(app, rules)
        app.start()
        with announced_service(settings.root, reached_at(settings.host, listening.getsockname()[1])):
            _run_server(api, listening)


def _api_with_model(app: App, rules: Access) -> "FastAPI":
    """The API and the pages, built while another thread loads the model."""
    with ThreadPoolExecutor(1) as loading:
        loaded = loading.submit(warm, app.engine, app.services.models)
        from feedback_app.web import build_web  # imported here: the command line does not need the pages

        sampling = Preferred(app.settings, app.services.preferences).chat_sampling
        api = build_web(app.services, app.store, app.engine, sampling, rules, app.close)
        loaded.result()
    return api


def _run_server(api: "FastAPI", listening: socket.socket) -> None:
    import uvicorn  # imported here: the command line does not need a server

    # ws: nothing uses WebSocket
    config = uvicorn.Config(api, log_config=None, access_log=False, timeout_graceful_shutdown=5, ws="none")
    uvicorn.Server(config).run(sockets=[listening])


def build(settings: Settings) -> App:
    """All parts but the web server. The base model is prepared at its first use."""
    app = assembled(settings)
    app.start()
    return app


def assembled(settings: Settings) -> App:
    """The same as `build`, but nothing is started in the background."""
    store = open_store(settings.database)
    base = cache(lambda: served_base(settings))
    models = Models(store, base)
    engine = build_engine(settings.engine, models.files, settings)
    generations = Generations(engine)
    services = _services(settings, store, base, models, generations)
    return App(settings, store, engine, generations, services, SearchIndex(store))


def _services(
    settings: Settings, store: Store, base: Callable[[], BaseFiles], models: Models, generations: Generations
) -> Services:
    """The services that the API and the pages use."""
    personas, persona = partial(known_personas, settings.personas), partial(read_persona, settings.personas)
    packs, desks = PromptPacks(settings.prompt_packs), desk_names(settings)
    queue, rng = RoundQueue(settings.redis_url), random.Random()  # noqa: S311 - not used for security
    preferred = Preferred(settings, preference_book(settings, store, packs, models, personas))
    sampling, candidates = preferred.chat_sampling, settings.candidates
    live = LiveRewardService(store, live_reward(settings))
    planner = ComparisonPlanner(models, preferred.persona, candidates, preferred.arena_sampling, rng)
    arena = Arena(store, planner, generations, packs, desks, rng, live, preferred.interests)
    repeats = Repeats(store, settings.repeat_share, desks, rng)
    drafts = DraftComparisons(store, arena, generations, live, desks, rng)
    pair_selection = PairSelection(arena, live, repeats, drafts, settings.active_share, rng)
    calibration, trained = GuessCalibration(store, live, repeats), rewards(settings, store, base, repeats)
    best = BestOf((TrainedScorer(trained), live))
    chat = Chat(store, models, generations, persona, sampling, best)
    rounds = round_services(settings, store, models, generations, queue, trained, calibration, sampling)
    return Services(
        arena=arena,
        pair_selection=pair_selection,
        prefetch=Prefetch(store, arena, pair_selection, models, generations),
        live_reward=live,
        repeats=repeats,
        guess_calibration=calibration,
        chat=chat,
        side_by_side=SideBySide(store, models, chat, arena, sampling),
        best_of=best,
        rounds=rounds.rounds,
        lineage=rounds.lineage,
        estimates=rounds.estimates,
        readiness=rounds.readiness,
        snapshots=rounds.snapshots,
        before_after=rounds.before_after,
        reward_models=trained,
        leaderboard=Leaderboard(store),
        dataset=Dataset(store, persona, desks=desks),
        curation=Curation(store, arena, live, desks),
        agreements=Agreements(store),
        models=models,
        desks=Desks(store, desks),
        status=service_status(store, models, queue, settings.redis_url, partial(with_embedded, settings)),
        personas=personas,
        preferences=preferred.book,
        base_name=base_name(settings),
    )


def prepare_model(settings: Settings, report: Report = lambda what, share: None) -> BaseFiles:
    """Prepare the base model if it is not prepared yet. Raises alignment.models.base_model.BaseModelUnavailable."""
    folder, own_engine = settings.root / "models", not settings.engine_url
    return prepare_files(settings.base_model, folder, converts(settings), own_engine, report)


def served_base(settings: Settings) -> BaseFiles:
    """The base model of a running service, which works without a model as far as possible. Raises EngineUnavailable."""
    try:
        return prepare_model(settings)
    except BaseModelUnavailable as error:
        raise EngineUnavailable(str(error)) from error


def prepare_files(source: str, folder: Path, convert: bool, own_engine: bool, report: Report) -> BaseFiles:
    """Prepare the base model that `source` names in `folder`. With `own_engine`, our engine must answer with it before it counts
    as prepared. Raises alignment.models.base_model.BaseModelUnavailable."""
    ready = prepare_base(source, folder, convert, report, cannot_answer if own_engine else unasked)
    return BaseFiles(ready.name, ready.hf_dir, ready.ct2_dir, ready.hash)


def converts(settings: Settings) -> bool:
    """Whether models are converted for CTranslate2."""
    return settings.engine in ("auto", "ctranslate2") and not settings.engine_url


def base_name(settings: Settings) -> str:
    """The name of the base model, prepared or not."""
    try:
        return find_source(settings.base_model).name
    except BaseModelUnavailable:
        return settings.base_model


def base_missing(settings: Settings) -> str:
    """Why the base model does not exist; empty if it exists or may exist on a model hub."""
    try:
        find_source(settings.base_model)
    except BaseModelUnavailable as error:
        return str(error)
    return ""


def prepared_model(settings: Settings) -> bool:
    """Whether the base model is prepared, so that a start does not have to wait."""
    try:
        return is_prepared(settings.base_model, settings.root / "models", converts(settings))
    except BaseModelUnavailable:
        return False


def prepare_database(settings: Settings) -> None:
    """Create or upgrade the tables. Raises HomeUnusable, DatabaseUnavailable, DatabaseTooNew."""
    usable_home(settings.root)
    migrate(settings.database)


if __name__ == "__main__":
    serve(load_settings())
