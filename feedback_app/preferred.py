"""The settings and the owner's preferences as one: part of the composition root."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from feedback_app.domain.comparison import Sampling
from feedback_app.domain.persona import Persona, read_persona
from feedback_app.domain.preferences import Preferences, ReplyStyle
from feedback_app.services.arena.prompt_packs import Interests, PromptPacks
from feedback_app.services.generation.versions import ALIASES, Models
from feedback_app.services.system.preferences import Choices, PreferenceBook
from feedback_app.settings import Settings
from feedback_app.store import Store

DECIDED_BY = {
    "languages": "languages",
    "topics": "topics",
    "theme": "theme",
    "model": "chat_model",
    "persona": "persona",
    "notify": "notify",
    "chat_temperature": "temperature",
    "chat_max_new_tokens": "max_new_tokens",
    "arena_temperature": "temperature",
    "arena_max_new_tokens": "max_new_tokens",
}
"""Each preference with the setting that goes before it."""


def sampling(settings: Settings) -> Sampling:
    """How replies are drawn where nothing was chosen."""
    return Sampling(
        settings.temperature,
        settings.top_p,
        settings.top_k,
        max_new_tokens=settings.max_new_tokens,
        repetition_penalty=settings.repetition_penalty,
    )


@dataclass(frozen=True, slots=True)
class Preferred:
    """What the services ask for whenever they need it, so that a preference holds at once."""

    settings: Settings
    book: PreferenceBook

    def chat_sampling(self) -> Sampling:
        return _styled(sampling(self.settings), self.book.get().chat)

    def arena_sampling(self) -> Sampling:
        return _styled(sampling(self.settings), self.book.get().arena)

    def persona(self) -> Persona:
        """Raises UnknownPersona."""
        return read_persona(self.settings.personas, self.book.get().persona)

    def interests(self) -> Interests:
        """What the arena asks about."""
        chosen = self.book.get()
        return Interests(chosen.languages, chosen.topics)


def preference_book(
    settings: Settings,
    store: Store,
    packs: PromptPacks,
    models: Models,
    personas: Callable[[], list[Persona]],
) -> PreferenceBook:
    """The owner's preferences, with the settings as defaults and, where somebody set them, before what was chosen."""
    choices = Choices(
        languages=packs.languages,
        topics=packs.subjects,
        models=lambda: [*ALIASES, *models.versions()],
        personas=lambda: [persona.id for persona in personas()],
        asks=lambda languages, topics: packs.asks(Interests(languages, topics)),
    )
    return PreferenceBook(store, _defaults(settings), _fixed(settings), choices)


def _defaults(settings: Settings) -> Preferences:
    style = ReplyStyle(settings.temperature, settings.max_new_tokens)
    return Preferences(
        languages=_listed(settings.languages),
        topics=_listed(settings.topics),
        chat=style,
        arena=style,
        model=settings.chat_model,
        persona=settings.persona,
        theme=settings.theme,
        notify=settings.notify,
    )


def _fixed(settings: Settings) -> dict[str, str]:
    """The preferences that the environment decides, each with the variable. An empty one decides nothing."""
    in_environment = {name for name in settings.model_fields_set if getattr(settings, name) != ""}
    return {name: f"CODELYNN_{by.upper()}" for name, by in DECIDED_BY.items() if by in in_environment}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _styled(base: Sampling, style: ReplyStyle) -> Sampling:
    return replace(base, temperature=style.temperature, max_new_tokens=style.max_new_tokens)
