"""The composition root: settings in, a running service out."""

import hmac
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from alignment.base_model import BaseModelUnavailable as BaseModelUnavailable
from alignment.base_model import prepare_base, unasked
from alignment.config import InvalidConfig, round_config
from alignment.rewards import CorruptReward, read_reward
from feedback_app.api.security import access
from feedback_app.desks.configured import desk_names
from feedback_app.domain.comparison import ComparisonStatus, Message
from feedback_app.domain.persona import Persona, read_persona
from feedback_app.domain.preference import RankedReplies
from feedback_app.domain.round import InvalidRound
from feedback_app.engines.base import Engine
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
from feedback_app.services.prompts import PromptPacks
from feedback_app.services.queue import RoundQueue
from feedback_app.services.repeats import Repeats
from feedback_app.services.rewards import BrokenRewardModel, Reply, Rewards, Shelf
from feedback_app.services.rounds import Rounds
from feedback_app.services.snapshots import Snapshots
from feedback_app.services.status import Status
from feedback_app.services.supply import Supply
from feedback_app.services.trained import TrainedScorer
from feedback_app.settings import Settings, load_settings
from feedback_app.store import Store, migrate, open_store
from feedback_app.up.local import secret
from reward_model.live import LiveRewardModel
from reward_model.rankings import Ranked

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
    return LiveRewardModel if settings.live_reward else None


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
    from reward_model.report import evaluate_rewards

    ranked = [Ranked(_turns(r.prompt), r.replies, r.places, "heldout") for r in rankings]
    return evaluate_rewards(ranked, rewards).record()


def _turns(messages: Sequence[Message]) -> tuple[dict[str, str], ...]:
    return tuple({"role": message.role, "content": message.content} for message in messages)


def known_personas(folder: Path) -> list[Persona]:
    """Every persona of the folder, read afresh."""
    return [read_persona(folder, path.stem) for path in sorted(folder.glob("*.json"))]


def build(settings: Settings) -> App:
    """Everything but the web server. The base model is made ready at its first use."""
    store = open_store(settings.database)
    base = cache(lambda: prepare_model(settings))
    models = Models(store, base)
    engine = build_engine(settings.engine, models.files, settings)
    generations, queue = Generations(engine), RoundQueue(settings.redis_url)
    persona = partial(read_persona, settings.personas)
    personas, desks = partial(known_personas, settings.personas), desk_names(settings)
    chance = random.Random()  # noqa: S311 - draws prompts and shuffles candidates, guards nothing
    live = LiveTaste(store, live_reward(settings))
    packs = PromptPacks(settings.prompt_packs)
    preferences = preference_book(settings, store, packs, models, personas)
    options = ArenaOptions(settings.candidates, arena_sampling(settings, preferences), desks)
    arena = Arena(store, models, generations, packs, lambda: persona(preferences.get().persona), options, chance, live)
    repeats = Repeats(store, settings.repeat_share, desks, chance)
    trained = rewards(settings, store, base, repeats)
    best = BestOf((TrainedScorer(trained), live))
    drafts = Drafts(store, arena, generations, live, desks, chance)
    supply = Supply(store, settings.heldout_fraction, lambda: trained.current() is not None)
    draws = Draws(arena, live, repeats, drafts, settings.active_share, chance)
    chat = Chat(store, models, generations, persona, chat_sampling(settings, preferences), best)
    lineage = Lineage(store, settings.root / "snapshots")
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
        lineage=lineage,
        estimates=Estimates(store, lineage, supply.pairs),
        rewards=trained,
        leaderboard=Leaderboard(store),
        data=DataService(store, persona, desks=desks),
        curation=Curation(store, arena, live, desks),
        snapshots=Snapshots(store, settings.root / "snapshots", persona, personas),
        agreements=Agreements(store),
        models=models,
        desks=Desks(store, desks),
        status=_status(store, models, queue),
        personas=personas,
        preferences=preferences,
    )
    live.start()
    return App(settings, store, engine, generations, services)


def _status(store: Store, models: Models, queue: RoundQueue) -> Status:
    def database() -> str:
        counts = store.comparisons.counts()
        return f"{sum(counts[status] for status in ComparisonStatus)} comparisons, {counts['ranked']} ranked"

    def model() -> str:
        files = models.files("latest")
        return f"{files.name} on {files.base_dir.parent.name}"

    def redis() -> str:
        if not queue.reachable():
            raise ConnectionError("no answer: rounds wait in the database")
        return "reachable"

    def outbox() -> str:
        counts = store.outbox.counts()
        return f"{counts['pending']} comparisons waiting for annotation desks, {counts['refused']} refused"

    return Status({"database": database, "model": model}, {"redis": redis, "outbox": outbox})


def page_token(settings: Settings) -> str:
    """What the pages' own requests carry: the same after a restart, so that open pages go on, and in each service of a
    team, which have the access token in common."""
    if settings.access_token:
        return hmac.new(settings.access_token.encode(), b"pages", "sha256").hexdigest()
    return secret(settings.root / "secrets" / "pages")


def serve(settings: Settings) -> None:
    """Listen until a signal comes. The model is made ready and loaded first."""
    import uvicorn  # imported here: the command line needs neither server nor pages

    from feedback_app.web import build_web

    configure_logs(settings.log_level)
    rules = access(settings.host, settings.access_token, settings.allowed_hosts, page_token(settings))
    app = build(settings)
    warm(app.engine, app.services.models)
    replies = chat_sampling(settings, app.services.preferences)
    api = build_web(app.services, app.store, app.engine, replies, rules, app.close)
    uvicorn.run(
        api,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        ws="none",  # nothing here speaks WebSocket
    )


if __name__ == "__main__":
    serve(load_settings())
