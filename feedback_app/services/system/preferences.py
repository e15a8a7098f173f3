"""The owner's preferences. The environment takes precedence over what the owner chose, and that over the defaults."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from feedback_app.domain.bodies import Body
from feedback_app.domain.preferences import HOTTEST, LONGEST_REPLY, Preferences, ReplyStyle, Theme
from feedback_app.errors import FAILED, Invalid
from feedback_app.store import Store

Temperature = Annotated[float, Field(ge=0, le=HOTTEST, allow_inf_nan=False)]
ReplyLength = Annotated[int, Field(ge=1, le=LONGEST_REPLY)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Name], Field(max_length=100)]


class InvalidPreference(Invalid, ValueError):
    """A preference that cannot be; the message says why."""


class FixedPreference(InvalidPreference):
    """The environment decides this one; the message names the setting."""

    status = 409
    exit_code = FAILED


class Changes(Body):
    """What is to change; a field that is null goes back to its default. The same checks hold for what comes in and for what
    the database keeps."""

    languages: Annotated[list[Name], Field(min_length=1, max_length=100)] | None = Field(
        None, description="ISO 639 codes of the languages that the arena asks in."
    )
    topics: Names | None = Field(None, description="Topics that the arena asks about. An empty list: all.")
    theme: Theme | None = Field(None, description="`system`: as the device has it.")
    model: Name | None = Field(None, description="Version or alias that a new conversation begins with.")
    persona: Name | None = Field(None, description="Persona that arena and chat begin with.")
    notify: bool | None = Field(None, description="Whether the pages tell when a round ends.")
    chat_temperature: Temperature | None = None
    chat_max_new_tokens: ReplyLength | None = Field(None, description="Longest reply of the chat, in tokens.")
    arena_temperature: Temperature | None = None
    arena_max_new_tokens: ReplyLength | None = Field(
        None, description="Longest reply of the arena, in tokens."
    )

    @field_validator("languages", "topics")
    @classmethod
    def once(cls, names: list[str] | None) -> list[str] | None:
        return None if names is None else list(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, read afresh at each call. `asks` tells whether there is a prompt for languages and topics."""

    languages: Callable[[], Collection[str]]
    topics: Callable[[], Collection[str]]
    models: Callable[[], Collection[str]]
    personas: Callable[[], Collection[str]]
    asks: Callable[[tuple[str, ...], tuple[str, ...]], bool]

    def check(self, changes: Changes) -> None:
        """Raises InvalidPreference."""
        for what, chosen, known in (
            ("language", changes.languages or (), self.languages),
            ("topic", changes.topics or (), self.topics),
            ("model", filter(None, [changes.model]), self.models),
            ("persona", filter(None, [changes.persona]), self.personas),
        ):
            for name in chosen:
                if name not in (there := known()):
                    raise InvalidPreference(
                        f"no {what} {name!r}; there is: {', '.join(sorted(there)) or 'none'}"
                    )


class PreferenceBook:
    """`defaults` hold what the environment says; `fixed` names the setting behind each field that it decides."""

    def __init__(
        self, store: Store, defaults: Preferences, fixed: Mapping[str, str], choices: Choices
    ) -> None:
        self._store = store
        self._defaults = defaults
        self.fixed = fixed
        self.choices = choices

    def get(self) -> Preferences:
        """What holds now."""
        return merged(self._defaults, self._chosen())

    def asked(self) -> bool:
        """Whether anything was chosen yet, here or in the environment, of what the first visit asks for."""
        return "languages" in self.fixed or bool(self._store.preferences.all())

    def change(self, changes: Changes) -> Preferences:
        """Keep what was given, all or nothing. Raises InvalidPreference, FixedPreference."""
        changed = changes.model_dump(exclude_unset=True)
        for name in changed:
            if name in self.fixed:
                raise FixedPreference(f"{name} is set by {self.fixed[name]}: change it there, or unset it")
        self.choices.check(changes)
        self._check_prompts(changed)
        self._store.preferences.put(changed)
        return self.get()

    def _check_prompts(self, changed: Mapping[str, Any]) -> None:
        """Topics and languages may each be there, and yet no prompt be of both. Raises InvalidPreference."""
        if changed.keys().isdisjoint(("languages", "topics")):
            return
        then = merged(self._defaults, self._chosen().model_copy(update=dict(changed)))
        if not self.choices.asks(then.languages, then.topics):
            raise InvalidPreference(
                "none of the prompts on these topics is in your languages: choose another topic or language"
            )

    def reset(self) -> Preferences:
        """Back to the defaults."""
        self._store.preferences.clear()
        return self.get()

    def _chosen(self) -> Changes:
        """What was chosen and still can be: a version may have been deleted since, a persona file removed."""
        kept = {
            name: value for name, value in self._store.preferences.all().items() if name not in self.fixed
        }
        chosen = Changes.model_validate({name: value for name, value in kept.items() if _holds(name, value)})
        model = chosen.model if chosen.model and chosen.model in self.choices.models() else None
        persona = chosen.persona if chosen.persona and chosen.persona in self.choices.personas() else None
        return chosen.model_copy(update={"model": model, "persona": persona})


def _holds(name: str, value: Any) -> bool:
    """Whether a stored value passes the checks of today; a later version may have kept what this one does not know."""
    try:
        Changes.model_validate({name: value})
    except ValidationError:
        return False
    return True


def merged(defaults: Preferences, chosen: Changes) -> Preferences:
    """The defaults with what was chosen in their place."""
    fields = chosen.model_dump(exclude_none=True)
    changed: dict[str, Any] = {
        name: ReplyStyle(
            fields.pop(f"{name}_temperature", style.temperature),
            fields.pop(f"{name}_max_new_tokens", style.max_new_tokens),
        )
        for name, style in (("chat", defaults.chat), ("arena", defaults.arena))
    }
    changed |= {name: tuple(fields.pop(name)) for name in ("languages", "topics") if name in fields}
    return replace(defaults, **changed, **fields)
