"""Has the engine that will serve a base model answer with it, before the model is called ready."""

from pathlib import Path

from feedback_app.domain.comparison import InvalidPrompt, Message, Sampling
from feedback_app.engines.base import Engine, EngineUnavailable, GenerationRequest, ModelVersion
from feedback_app.engines.request_queue import Limits

TRIALS = (
    (Message("user", "Hello!"),),
    (Message("system", "You are kind."), Message("user", "Hello!")),
    (Message("user", "Hello!"), Message("assistant", "Hello."), Message("user", "How are you?")),
)
SHORT = Sampling(temperature=0, max_new_tokens=4)
BROKEN = (EngineUnavailable, InvalidPrompt, RuntimeError, ValueError, LookupError, TypeError, OSError)


def cannot_answer(hf_dir: Path, ct2_dir: Path | None) -> str:
    """Why a model does not answer, in one line; empty if it does. CTranslate2 answers where there is a conversion."""
    version = ModelVersion("base", hf_dir, None, ct2_dir)
    try:
        engine = _engine(version)
        try:
            replies = [_reply(engine, messages) for messages in TRIALS]
        finally:
            engine.close()
        return "" if any(replies) else "it says nothing"
    except (EngineUnavailable, InvalidPrompt) as error:
        return str(error)
    except BROKEN as error:  # a library met something in the files that it did not expect
        return f"its files cannot be used ({type(error).__name__})"


def _reply(engine: Engine, messages: tuple[Message, ...]) -> str:
    """Raises EngineUnavailable where the reply has no end."""
    deltas = list(engine.generate([GenerationRequest("base", messages, SHORT)]))
    if not any(delta.finish for delta in deltas):
        raise EngineUnavailable("it does not end its replies")
    return "".join(delta.text for delta in deltas)


def _engine(version: ModelVersion) -> Engine:
    """Imported where needed: torch alone costs seconds and hundreds of megabytes that CTranslate2 does without."""
    if version.ct2_dir is None:
        from feedback_app.engines.transformers_engine import TransformersEngine

        return TransformersEngine(lambda name: version)
    from feedback_app.engines.ct2 import Ct2Engine

    return Ct2Engine(lambda name: version, threads=1, limits=Limits(places=1, reserved=0))
