"""Selects the engine from the settings, and checks that a prepared model can answer."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from threading import Lock
from typing import Literal, Protocol

from feedback_app.domain.comparison import InvalidPrompt, Message, Sampling
from feedback_app.engines.base import (
    Catalogue,
    Delta,
    Engine,
    EngineUnavailable,
    GenerationRequest,
    ModelVersion,
)
from feedback_app.engines.request_queue import Limits

EngineName = Literal["auto", "ctranslate2", "transformers", "openai"]


class EngineSettings(Protocol):
    """The settings that engines need."""

    @property
    def engine_url(self) -> str: ...
    @property
    def engine_api_key(self) -> str: ...
    @property
    def engine_threads(self) -> int: ...
    @property
    def engine_loaded_models(self) -> int: ...
    @property
    def engine_memory(self) -> int: ...
    @property
    def queue_per_client(self) -> int: ...
    @property
    def queue_total(self) -> int: ...
    @property
    def queue_seconds(self) -> float: ...


def build_engine(kind: EngineName, catalogue: Catalogue, settings: EngineSettings) -> Engine:
    """Create the engine of that kind. `auto` means a server if there is an address, else CTranslate2 or transformers.

    Between the last two it chooses at first use, because the catalogue must know whether the base model was converted,
    which may require preparing the base model first. Nothing is loaded here.
    """
    if kind == "openai" or (kind == "auto" and settings.engine_url):
        return _openai(catalogue, settings)
    if kind == "ctranslate2":
        return _ctranslate2(catalogue, settings)
    if kind == "transformers":
        return _transformers(catalogue, settings)
    return DeferredEngine(lambda: _local(catalogue, settings))


class DeferredEngine:
    """An engine that is created at first use."""

    def __init__(self, build: Callable[[], Engine]) -> None:
        self._build = build
        self._engine: Engine | None = None
        self._lock = Lock()

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        return self._built().generate(requests)

    def models(self) -> list[str]:
        return self._engine.models() if self._engine else []

    def load(self, name: str) -> None:
        self._built().load(name)

    def close(self) -> None:
        with self._lock:
            if self._engine:
                self._engine.close()

    def _built(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._build()
            return self._engine


def _local(catalogue: Catalogue, settings: EngineSettings) -> Engine:
    converted = catalogue("base").ct2_dir is not None
    return _ctranslate2(catalogue, settings) if converted else _transformers(catalogue, settings)


def _limits(settings: EngineSettings) -> Limits:
    return Limits(
        per_client=settings.queue_per_client, total=settings.queue_total, seconds=settings.queue_seconds
    )


# Imported at first use: torch alone takes seconds and hundreds of megabytes, which CTranslate2 does not need.


def _ctranslate2(catalogue: Catalogue, settings: EngineSettings) -> Engine:
    from feedback_app.engines.ct2 import Ct2Engine

    threads, loaded = settings.engine_threads, settings.engine_loaded_models
    return Ct2Engine(catalogue, threads, loaded, _limits(settings), settings.engine_memory)


def _transformers(catalogue: Catalogue, settings: EngineSettings) -> Engine:
    from feedback_app.engines.transformers_engine import TransformersEngine

    threads, loaded = settings.engine_threads, settings.engine_loaded_models
    return TransformersEngine(catalogue, threads, loaded, _limits(settings))


def _openai(catalogue: Catalogue, settings: EngineSettings) -> Engine:
    from feedback_app.engines.openai_server import OpenAiServerEngine

    return OpenAiServerEngine(catalogue, settings.engine_url, settings.engine_api_key)


TEST_CONVERSATIONS = (
    (Message("user", "Hello!"),),
    (Message("system", "You are kind."), Message("user", "Hello!")),
    (Message("user", "Hello!"), Message("assistant", "Hello."), Message("user", "How are you?")),
)
SHORT = Sampling(temperature=0, max_new_tokens=4)
BROKEN = (EngineUnavailable, InvalidPrompt, RuntimeError, ValueError, LookupError, TypeError, OSError)


def cannot_answer(hf_dir: Path, ct2_dir: Path | None) -> str:
    """Why a model cannot answer, in one line; empty if it can. Uses CTranslate2 if there is a conversion."""
    version = ModelVersion("base", hf_dir, None, ct2_dir)
    try:
        engine = _engine(version)
        try:
            replies = [_reply(engine, messages) for messages in TEST_CONVERSATIONS]
        finally:
            engine.close()
        return "" if any(replies) else "it says nothing"
    except (EngineUnavailable, InvalidPrompt) as error:
        return str(error)
    except BROKEN as error:  # a library cannot handle the files
        return f"its files cannot be used ({type(error).__name__})"


def _reply(engine: Engine, messages: tuple[Message, ...]) -> str:
    """The engine's reply. Raises EngineUnavailable if the reply does not end."""
    deltas = list(engine.generate([GenerationRequest("base", messages, SHORT)]))
    if not any(delta.finish for delta in deltas):
        raise EngineUnavailable("it does not end its replies")
    return "".join(delta.text for delta in deltas)


def _engine(version: ModelVersion) -> Engine:
    """The engine for one version; imports only what it needs."""
    if version.ct2_dir is None:
        from feedback_app.engines.transformers_engine import TransformersEngine

        return TransformersEngine(lambda name: version)
    from feedback_app.engines.ct2 import Ct2Engine

    return Ct2Engine(lambda name: version, threads=1, limits=Limits(places=1, reserved=0))
