"""The composition root: settings in, a running service out."""

import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alignment.base_model import BaseModelUnavailable as BaseModelUnavailable
from alignment.base_model import is_prepared, prepare_base, unasked
from alignment.base_source import find_source
from alignment.config import InvalidConfig, round_config
from alignment.pace import first_round, known_size
from feedback_app.api.security import access
from feedback_app.desks.configured import desk_names
from feedback_app.domain.persona import known_personas, read_persona
from feedback_app.domain.round import InvalidRound
from feedback_app.engines.base import Engine, EngineUnavailable
from feedback_app.engines.malloc import keep_blocks
from feedback_app.engines.select import build_engine
from feedback_app.engines.trial import cannot_answer
from feedback_app.logs import configure_logs
from feedback_app.preferred import Preferred, preference_book
from feedback_app.reward_models import rewards
from feedback_app.services.agreement import Agreements
from feedback_app.services.ahead import Ahead
from feedback_app.services.arena import Arena, ArenaOptions
from feedback_app.services.before_after import BeforeAfter
from feedback_app.services.beside import Beside
from feedback_app.services.best_of import BestOf
from feedback_app.services.bundle import Services
from feedback_app.services.chat import Chat
from feedback_app.services.curation import Curation
from feedback_app.services.data import DataService
from feedback_app.services.desks import Desks
from feedback_app.services.draws import Drafts, Draws
from feedback_app.services.estimate import Estimates
from feedback_app.services.generations import Generations
from feedback_app.services.knowing import Knowing
from feedback_app.services.leaderboard import Leaderboard
from feedback_app.services.learner import LiveReward
from feedback_app.services.lineage import Lineage
from feedback_app.services.live import LiveTaste
from feedback_app.services.models import BaseFiles, Models, warm
from feedback_app.services.parts import service_status
from feedback_app.services.prompts import PromptPacks
from feedback_app.services.queue import RoundQueue
from feedback_app.services.readiness import Advisor
from feedback_app.services.repeats import Repeats
from feedback_app.services.rounds import Rounds
from feedback_app.services.snapshots import Snapshots
from feedback_app.services.supply import Supply
from feedback_app.services.trained import TrainedScorer
from feedback_app.settings import DATABASE_FILE, Settings, load_settings
from feedback_app.store import Store, migrate, open_store
from feedback_app.up.local import listener, page_token
from feedback_app.up.plan import reached_at
from feedback_app.up.services import service_told, with_embedded

if TYPE_CHECKING:
    pass

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class App:
    """What was built. `close` ends every reply that is being written and keeps it."""

    settings: Settings
    store: Store
    engine: Engine
    generations: Generations
    services: Services

    def close(self) -> None:
        self.services.before_after.close()
        self.generations.close()
        self.services.live.close()
        self.services.rewards.close()
        self.engine.close()
        self.store.close()


def converts(settings: Settings) -> bool:
    """Whether models are converted for CTranslate2."""
    return settings.engine in ("auto", "ctranslate2") and not settings.engine_url


def prepare_model(settings: Settings, report: Report = lambda what, share: None) -> BaseFiles:
    """The base model, made ready once. Raises alignment.base_model.BaseModelUnavailable."""
    folder, here = settings.root / "models", not settings.engine_url
    return prepare_files(settings.base_model, folder, converts(settings), here, report)


def served_base(settings: Settings) -> BaseFiles:
    """The same for a running service, which answers what it can without a model. Raises EngineUnavailable."""
    try:
        return prepare_model(settings)
    except BaseModelUnavailable as error:
        raise EngineUnavailable(str(error)) from error


def prepare_files(source: str, folder: Path, convert: bool, here: bool, report: Report) -> BaseFiles:
    """The base model that `source` names, made ready in `folder`. `here`: it is asked something by our own engine before it is called
    ready. Raises alignment.base_model.BaseModelUnavailable."""
    ready = prepare_base(source, folder, convert, report, cannot_answer if here else unasked)
    return BaseFiles(ready.name, ready.hf_dir, ready.ct2_dir, ready.hash)


def base_name(settings: Settings) -> str:
    """What the base model is called, whether it is prepared or not."""
    try:
        return find_source(settings.base_model).name
    except BaseModelUnavailable:
        return settings.base_model


def base_missing(settings: Settings) -> str:
    """Why there is no such base model; empty where there is one, or may be at a hub."""
    try:
        find_source(settings.base_model)
    except BaseModelUnavailable as error:
        return str(error)
    return ""


def prepared_model(settings: Settings) -> bool:
    """Whether the base model is ready, so that a start does not wait for it."""
    try:
        return is_prepared(settings.base_model, settings.root / "models", converts(settings))
    except BaseModelUnavailable:
        return False


def prepare_database(settings: Settings) -> None:
    """Bring the tables up to date."""
    settings.root.mkdir(parents=True, exist_ok=True)
    migrate(settings.database)


def database_answers(settings: Settings) -> str:
    """That the database can be read. Raises DatabaseUnavailable."""
    if not settings.database_url and not (settings.root / DATABASE_FILE).exists():
        return "made at the first start"
    store = open_store(settings.database)
    try:
        store.ping()
    finally:
        store.close()
    return "answers"


def check_config(method: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The whole configuration of a round, from the overrides. Raises InvalidRound."""
    try:
        return round_config(method, config).model_dump()
    except InvalidConfig as error:
        raise InvalidRound(str(error)) from error


def live_reward(settings: Settings) -> Callable[[], LiveReward] | None:
    """What makes the live reward model; None: there is none."""
    return _live_reward_model if settings.live_reward else None


def _live_reward_model() -> LiveReward:
    """Called in the thread that learns: its numerics are not needed before the pages answer."""
    from reward_model.live import LiveRewardModel

    return LiveRewardModel()


def build(settings: Settings) -> App:
    """Everything but the web server. The base model is made ready at its first use."""
    app = assembled(settings)
    app.services.live.start()
    return app


def assembled(settings: Settings) -> App:
    """The same, with the live reward model not started yet."""
    store = open_store(settings.database)
    base = cache(lambda: served_base(settings))
    models = Models(store, base)
    engine = build_engine(settings.engine, models.files, settings)
    generations = Generations(engine)
    services = _services(settings, store, base, models, generations)
    return App(settings, store, engine, generations, services)


def _services(
    settings: Settings, store: Store, base: Callable[[], BaseFiles], models: Models, generations: Generations
) -> Services:
    """What the API and the pages are given."""
    persona = partial(read_persona, settings.personas)
    personas, desks = partial(known_personas, settings.personas), desk_names(settings)
    queue, chance = RoundQueue(settings.redis_url), random.Random()  # noqa: S311 - draws and shuffles, guards nothing
    live, packs = LiveTaste(store, live_reward(settings)), PromptPacks(settings.prompt_packs)
    chosen = Preferred(settings, preference_book(settings, store, packs, models, personas))
    options = ArenaOptions(settings.candidates, chosen.arena_sampling, desks)
    arena = Arena(store, models, generations, packs, chosen.persona, options, chance, live, chosen.interests)
    repeats = Repeats(store, settings.repeat_share, desks, chance)
    trained = rewards(settings, store, base, repeats)
    best = BestOf((TrainedScorer(trained), live))
    drafts = Drafts(store, arena, generations, live, desks, chance)
    supply = Supply(store, settings.heldout_fraction, lambda: trained.current() is not None)
    draws = Draws(arena, live, repeats, drafts, settings.active_share, chance)
    chat = Chat(store, models, generations, persona, chosen.chat_sampling, best)
    knowing, lineage = Knowing(store, live, repeats), Lineage(store, settings.root / "snapshots")
    return Services(
        arena=arena,
        draws=draws,
        ahead=Ahead(store, arena, draws, models, generations),
        live=live,
        repeats=repeats,
        knowing=knowing,
        chat=chat,
        beside=Beside(store, models, chat, arena, chosen.chat_sampling),
        best=best,
        rounds=Rounds(store, models, queue, check_config, supply, settings.min_pairs),
        lineage=lineage,
        estimates=_estimates(settings, store, lineage, supply),
        rewards=trained,
        leaderboard=Leaderboard(store),
        data=DataService(store, persona, desks=desks),
        curation=Curation(store, arena, live, desks),
        snapshots=Snapshots(store, settings.root / "snapshots", persona, personas),
        agreements=Agreements(store),
        models=models,
        desks=Desks(store, desks),
        status=service_status(store, models, queue, settings.redis_url, partial(with_embedded, settings)),
        personas=personas,
        advisor=Advisor(store, supply, knowing, lineage, settings.min_pairs, settings.heldout_fraction),
        before_after=BeforeAfter(store, generations, chosen.chat_sampling, settings.heldout_fraction),
        preferences=chosen.book,
        base_name=base_name(settings),
    )


def _estimates(settings: Settings, store: Store, lineage: Lineage, supply: Supply) -> Estimates:
    size = partial(known_size, settings.base_model, settings.root / "models")
    return Estimates(store, lineage, supply, first_round(settings.train_threads, size), settings.min_pairs)


def serve(settings: Settings) -> None:
    """Listen until a signal comes. The model is made ready and loaded first, while the pages are built.
    Raises PortTaken, Unprotected, BaseModelUnavailable."""
    import uvicorn  # imported here: the command line needs neither server nor pages

    configure_logs(settings.log_level)
    keep_blocks()
    rules = access(
        settings.host,
        settings.access_token,
        settings.allowed_hosts,
        page_token(settings.root, settings.access_token),
    )
    find_source(settings.base_model)  # what cannot work is said at once, and so is a port that is taken
    with listener(settings.host, settings.port) as socket:
        app = assembled(settings)
        with ThreadPoolExecutor(1) as loading:
            loaded = loading.submit(warm, app.engine, app.services.models)
            from feedback_app.web import build_web

            replies = Preferred(settings, app.services.preferences).chat_sampling
            api = build_web(app.services, app.store, app.engine, replies, rules, app.close)
            loaded.result()
        # ws: nothing here speaks WebSocket
        config = uvicorn.Config(
            api, log_config=None, access_log=False, timeout_graceful_shutdown=5, ws="none"
        )
        app.services.live.start()
        with service_told(settings.root, reached_at(settings.host, socket.getsockname()[1])):
            uvicorn.Server(config).run(sockets=[socket])


if __name__ == "__main__":
    serve(load_settings())
