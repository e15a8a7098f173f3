"""Complete answers: the list of models, and a chat completion with its choices and usage."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from feedback_app.api.openai.writing import Written
from feedback_app.domain.comparison import Message
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import ALIASES, Models


def model_list(models: Models) -> dict[str, Any]:
    """`base`, the aliases and every version."""
    created = models.created()
    names = dict.fromkeys(["base", *ALIASES, *created])
    return {"object": "list", "data": [_model(name, models, created) for name in names]}


def one_model(name: str, models: Models) -> dict[str, Any]:
    """Raises UnknownModel."""
    return _model(name, models, models.created())


def _model(name: str, models: Models, created: Mapping[str, datetime]) -> dict[str, Any]:
    """An alias has the date of the version that it names now."""
    at = created[models.resolve(name)]
    return {"id": name, "object": "model", "created": int(at.timestamp()), "owned_by": "codelynn"}


def head(version: str) -> dict[str, Any]:
    """The fields that an answer and all its chunks share."""
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "created": int(time.time()),
        "model": version,
        "system_fingerprint": None,
    }


def completion(start: Mapping[str, Any], written: Written) -> dict[str, Any]:
    """Every reply as a choice."""
    choices = [choice(written, i, i) for i in range(len(written.texts))]
    return {**start, "object": "chat.completion", "choices": choices, "usage": written.usage()}


def best_completion(
    start: Mapping[str, Any], written: Written, prompt: Sequence[Message], best: BestOf
) -> dict[str, Any]:
    """The best of several replies, and which reward model chose it. Raises NothingToChooseBy, RewardModelUnavailable."""
    chosen = best.choose(prompt, written.texts)
    choice_made = {"best_of": {"of": chosen.of, "by": chosen.by}}
    choices = [choice(written, chosen.index, 0)]
    return {**start, "object": "chat.completion", "choices": choices, "usage": written.usage(), **choice_made}


def choice(written: Written, index: int, place: int) -> dict[str, Any]:
    """Reply `index` as choice `place` of the answer."""
    return {
        "index": place,
        "message": {"role": "assistant", "content": written.texts[index], "refusal": None},
        "finish_reason": written.finishes[index],
        "logprobs": None,
    }
