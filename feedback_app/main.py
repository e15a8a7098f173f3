"""The composition root: settings in, a running service out."""

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from alignment.base_model import BaseModelUnavailable as BaseModelUnavailable
from alignment.base_model import is_prepared, prepare_base, unasked
from alignment.base_source import find_source
from alignment.config import InvalidConfig, round_config
from alignment.rewards import CorruptReward, read_reward
from feedback_app.api.security import access
from feedback_app.desks.configured import desk_names
from feedback_app.domain.comparison import Message
from feedback_app.domain.persona import known_personas, read_persona
from feedback_app.domain.preference import RankedReplies
from feedback_app.domain.round import InvalidRound
from feedback_app.engines.base import Engine
from feedback_app.engines.malloc import keep_blocks
from feedback_app.engines.select import build_engine
from feedback_app.engines.trial import cannot_answer
from feedback_app.logs import configure_logs
from feedback_app.preferred import arena_sampling, chat_sampling, preference_book
from feedback_app.services.agreement import Agreements
from feedback_app.services.ahead import Ahead
from feedback_app.services.arena import Arena, ArenaOptions
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
from feedback_app.services.repeats import Repeats
from feedback_app.services.rewards import BrokenRewardModel, Reply, Rewards, Shelf
from feedback_app.services.rounds import Rounds
from feedback_app.services.snapshots import Snapshots
from feedback_app.services.supply import Supply
from feedback_app.services.trained import TrainedScorer
from feedback_app.settings import Settings, load_settings
from feedback_app.store import Store, migrate, open_store
from feedback_app.up.local import listener, page_token
from feedback_app.up.plan import reached_at
from feedback_app.up.services import service_told, with_embedded

if TYPE_CHECKING:
    from reward_model.fit import Reward

log = structlog.get_logger()
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
        self.generations.close()
        self.services.live.close()
        self.engine.close()
        self.store.close()


def converts(settings: Settings) -> bool:
    """Whether models are converted for CTranslate2."""
    return settings.engine in ("auto", "ctranslate2") and not settings.engine_url


def prepare_model(settings: Settings, report: Report = lambda what, share: None) -> BaseFiles:
    """The base model, made ready once. Raises alignment.base_model.BaseModelUnavailable."""
    folder, here = settings.root / "models", not settings.engine_url
    return prepare_files(settings.base_model, folder, converts(settings), here, report)


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


def rewards(settings: Settings, store: Store, base: Callable[[], BaseFiles], repeats: Repeats) -> Rewards:
    """The trained reward models; torch is imported when one is asked to score."""
    return Rewards(
        store=store,
        shelf=Shelf(settings.root / "rewards"),
        base_hash=lambda: base().hash,
        load=lambda folder: _open_reward(base().hf_dir, folder),
        judge=_judged,
        heldout_fraction=settings.heldout_fraction,
        repeats=lambda: repeats.agreement().same,
    )


@dataclass(frozen=True, slots=True)
class _TrainedReward:
    """The reward model with our messages on its outside."""

    reward: "Reward"

    def score(self, items: Sequence[Reply]) -> list[float]:
        return self.reward.score([(_turns(prompt), reply) for prompt, reply in items])


def _open_reward(base_dir: Path, folder: Path) -> _TrainedReward:
    """Raises BrokenRewardModel."""
    from reward_model.fit import load_reward

    try:
        read_reward(folder)
        return _TrainedReward(load_reward(base_dir, folder))
    except CorruptReward as error:
        raise BrokenRewardModel(str(error)) from error
    except (OSError, ValueError, KeyError) as error:
        raise BrokenRewardModel(
            f"the reward model {folder.name} cannot be loaded: train it again: codelynn reward train"
        ) from error


def _judged(rankings: Sequence[RankedReplies], rewards: Sequence[Sequence[float]]) -> dict[str, Any]:
    from reward_model.rankings import Ranked
    from reward_model.report import evaluate_rewards

    ranked = [Ranked(_turns(r.prompt), r.replies, r.places, "heldout") for r in rankings]
    return evaluate_rewards(ranked, rewards).record()


def _turns(messages: Sequence[Message]) -> tuple[dict[str, str], ...]:
    return tuple({"role": message.role, "content": message.content} for message in messages)


def build(settings: Settings) -> App:
    """Everything but the web server. The base model is made ready at its first use."""
    app = assembled(settings)
    app.services.live.start()
    return app


def assembled(settings: Settings) -> App:
    """The same, with the live reward model not started yet."""
    store = open_store(settings.database)
    base = cache(lambda: prepare_model(settings))
    models = Models(store, base)
    engine = build_engine(settings.engine, models.files, settings)
    generations, queue = Generations(engine), RoundQueue(settings.redis_url)
    persona = partial(read_persona, settings.personas)
    personas, desks = partial(known_personas, settings.personas), desk_names(settings)
    chance = random.Random()  # noqa: S311 - draws prompts and shuffles candidates, guards nothing
    live, packs = LiveTaste(store, live_reward(settings)), PromptPacks(settings.prompt_packs)
    preferences = preference_book(settings, store, packs, models, personas)
    options = ArenaOptions(settings.candidates, arena_sampling(settings, preferences), desks)
    arena = Arena(
        store, models, generations, packs, lambda: persona(preferences.get().persona), options, chance, live
    )
    repeats = Repeats(store, settings.repeat_share, desks, chance)
    trained = rewards(settings, store, base, repeats)
    best = BestOf((TrainedScorer(trained), live))
    drafts = Drafts(store, arena, generations, live, desks, chance)
    supply = Supply(store, settings.heldout_fraction, lambda: trained.current() is not None)
    draws = Draws(arena, live, repeats, drafts, settings.active_share, chance)
    chat = Chat(store, models, generations, persona, chat_sampling(settings, preferences), best)
    services = Services(
        arena=arena,
        draws=draws,
        ahead=Ahead(store, arena, draws, models, generations),
        live=live,
        repeats=repeats,
        knowing=Knowing(store, live, repeats),
        chat=chat,
        beside=Beside(store, models, chat, arena, chat_sampling(settings, preferences)),
        best=best,
        rounds=Rounds(store, models, queue, check_config, supply, settings.min_pairs),
        lineage=(lineage := Lineage(store, settings.root / "snapshots")),
        estimates=Estimates(store, lineage, supply.pairs),
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
        preferences=preferences,
        base_name=base_name(settings),
    )
    return App(settings, store, engine, generations, services)


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

            replies = chat_sampling(settings, app.services.preferences)
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
