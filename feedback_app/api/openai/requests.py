"""The fields of a chat completion request: those that are supported, and those that are refused."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from feedback_app.api.openai.turns import ChatMessage, unsupported
from feedback_app.domain.comparison import Sampling
from feedback_app.domain.text_rules import LONGEST_NAME
from feedback_app.services.generation.best_of import MOST

FORBIDDEN: Mapping[str, tuple[Any, ...]] = {
    **dict.fromkeys(("tools", "functions"), ([], {})),
    **dict.fromkeys(("tool_choice", "function_call"), ("none", "auto")),
    "response_format": ({"type": "text"},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({}, []),
    "modalities": (["text"], []),
    **dict.fromkeys(("audio", "prediction", "web_search_options"), ()),
    **dict.fromkeys(("guided_json", "guided_regex", "guided_choice", "guided_grammar"), ()),
    **dict.fromkeys(("structured_outputs", "grammar", "json_schema"), ()),
    **dict.fromkeys(("frequency_penalty", "presence_penalty"), (0,)),
    **dict.fromkeys(("min_p", "top_a", "mirostat", "mirostat_mode", "min_tokens"), (0,)),
    **dict.fromkeys(("xtc_probability", "dry_multiplier"), (0,)),
    **dict.fromkeys(("typical_p", "tfs", "tfs_z", "length_penalty", "repeat_penalty"), (1,)),
}
"""Unsupported fields that would change the reply, with the values that have no effect (null never has)."""
INSTEAD = {
    **dict.fromkeys(("frequency_penalty", "presence_penalty", "repeat_penalty"), "`repetition_penalty`"),
    **dict.fromkeys(("min_p", "top_a", "typical_p", "tfs", "tfs_z"), "`top_p` or `top_k`"),
}
"""Supported fields to use instead."""


class StreamOptions(BaseModel):
    model_config = ConfigDict(strict=True)

    include_usage: bool = False

    @model_validator(mode="before")
    @classmethod
    def nulls_are_defaults(cls, value: object) -> object:
        return _without_nulls(value)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ChatRequest(BaseModel):
    """A chat completion request. Null stands for the default of every field. Fields without effect here, such as `user`, `metadata` or
    `store`, are accepted. Unsupported fields that would change the reply are refused."""

    model_config = ConfigDict(allow_inf_nan=False, strict=True)

    model: str = Field(
        "latest", max_length=LONGEST_NAME, description="`base`, `latest`, `champion` or a version."
    )
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions = Field(default_factory=StreamOptions)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(
        None, ge=-1, description="Sample from this many most likely tokens; 0 or -1: from all."
    )
    repetition_penalty: float | None = Field(None, gt=0, le=10, description="1: no penalty.")
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    n: int = Field(1, ge=1, le=8)
    best_of: int = Field(
        1,
        ge=1,
        le=MOST,
        description="Generate this many replies and return the one that the reward model ranks first. "
        "An extension of OpenAI's API; `best_of` of the answer names the reward model.",
    )
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: Annotated[list[str], BeforeValidator(_listed), Field(default_factory=list, max_length=4)]

    @model_validator(mode="before")
    @classmethod
    def only_what_is_supported(cls, body: object) -> object:
        for at, why in _unfit(body):
            raise PydanticCustomError("invalid_value", "{why}", {"at": at, "why": why})
        if isinstance(body, Mapping):
            for field, harmless in FORBIDDEN.items():
                if (value := body.get(field)) is not None and value not in harmless:
                    instead = f", or use {INSTEAD[field]}" if field in INSTEAD else ""
                    raise unsupported(field, f"is not supported: leave it out{instead}", "parameter")
        return _without_nulls(body)

    @model_validator(mode="after")
    def one_answer(self) -> "ChatRequest":
        if self.best_of > 1 and self.n > 1:
            raise PydanticCustomError(
                "invalid_value",
                "the best of several is one answer: leave `n` at 1 where `best_of` is given",
                {"at": "best_of"},
            )
        return self

    def sampling(self, default: Sampling) -> Sampling:
        """The sampling parameters; `default` for those that the request leaves out."""
        greedy = self.top_p == 0  # top_p of 0 means only the most likely token
        limit = self.max_completion_tokens or self.max_tokens or default.max_new_tokens
        return Sampling(
            temperature=0 if greedy else _either(self.temperature, default.temperature),
            top_p=1 if greedy else _either(self.top_p, default.top_p),
            top_k=max(default.top_k if self.top_k is None else self.top_k, 0),
            max_new_tokens=limit,
            repetition_penalty=_either(self.repetition_penalty, default.repetition_penalty),
        )

    @property
    def limit_field(self) -> str:
        """The field that limits the length of the reply."""
        return "max_completion_tokens" if self.max_completion_tokens else "max_tokens"

    @property
    def limited(self) -> bool:
        """Whether the request limits the length of the reply."""
        return bool(self.max_completion_tokens or self.max_tokens)


def _either(value: float | None, default: float) -> float:
    return default if value is None else value


def _without_nulls(body: object) -> object:
    if not isinstance(body, Mapping):
        return body
    return {field: value for field, value in body.items() if value is not None}


def _unfit(body: object) -> Iterator[tuple[str, str]]:
    """Invalid text or numbers anywhere in the body: where, and why. Not recursive, since the sender decides the depth."""
    left: list[tuple[str, object]] = [("", body)]
    while left:
        path, value = left.pop()
        if isinstance(value, str) and not _is_text(value):
            yield path, "half a surrogate pair is not text"
        elif isinstance(value, float) and not math.isfinite(value):
            yield path, "must be a finite number"
        elif isinstance(value, list):
            left += ((f"{path}[{i}]", item) for i, item in enumerate(value))
        elif isinstance(value, dict):
            left += ((_under(path, key), item) for key, item in value.items())
            left += ((_under(path, key), key) for key in value)


def _under(path: str, key: str) -> str:
    name = key if _is_text(key) and len(key) <= 64 else "?"
    return f"{path}.{name}" if path else name


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
