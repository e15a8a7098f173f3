"""Settings: what the owner prefers. Preferences are kept in the database; those that the environment sets cannot be changed here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from pydantic import ValidationError

from feedback_app.domain.languages import own_name
from feedback_app.domain.persona import Persona
from feedback_app.domain.preferences import Preferences
from feedback_app.services.arena.prompt_packs import PromptPacks
from feedback_app.services.generation.versions import Models
from feedback_app.services.system.preferences import Changes, InvalidPreference, PreferenceBook
from feedback_app.ui.settings.layout import SettingsScreen, lay_out
from feedback_app.ui.shared.confirm import EVENT_OPTIONS, connect_question
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import alert, notice, sentence, topic_name
from feedback_app.ui.shared.version_words import model_choices
from feedback_app.ui.shared.wiring import CHANGED

SAVED = "Saved. The next reply is written this way."
RESET = "All settings have their defaults again."


@dataclass(frozen=True, slots=True)
class SettingsServices:
    """What the page uses. `personas` reads the persona files at each call."""

    preferences: PreferenceBook
    packs: PromptPacks
    models: Models
    personas: Callable[[], list[Persona]]


class SettingsPage:
    """What the buttons do."""

    def __init__(self, services: SettingsServices, screen: SettingsScreen) -> None:
        self._models = services.models
        self._personas = services.personas
        self._book = services.preferences
        self._screen = screen

    def show(self) -> Updates:
        """The current values, and the versions and personas to choose from."""
        versions = model_choices(self._models, self._book.get().model)
        personas = [(persona.name, persona.id) for persona in self._personas()]
        chosen = {"model": gr.update(choices=versions), "persona": gr.update(choices=personas)}
        values = values_of(self._book.get())
        return {
            field: {**chosen.get(name, gr.update()), "value": values[name]}
            for name, field in self._screen.fields.items()
        }

    def save(self, *values: Any) -> Updates:
        """Save every field that can be changed here, or say what is wrong."""
        fields = {
            name: value
            for name, value in zip(self._screen.fields, values, strict=True)
            if name not in self._book.fixed
        }
        try:
            self._book.change(Changes.model_validate(fields))
        except ValidationError as error:
            return {self._screen.line: alert(" ".join(map(self._in_words, error.errors())))}
        except InvalidPreference as error:
            return {self._screen.line: alert(sentence(str(error)))}
        return {self._screen.line: notice(SAVED), **self.show()}

    def reset(self) -> Updates:
        self._book.reset()
        return {self._screen.line: notice(RESET), **self._screen.confirm.closed(), **self.show()}

    def _in_words(self, error: Any) -> str:
        label = self._screen.labels[str(error["loc"][0])]
        return f"{label}: {limit_in_words(error)}."


def limit_in_words(error: Any) -> str:
    """What the value has to be, for an error of pydantic."""
    limits = error.get("ctx") or {}
    if "ge" in limits:
        return f"must be at least {limits['ge']}"
    if "le" in limits:
        return f"must be at most {limits['le']:,}"
    if error["type"] == "too_short":
        return "choose at least one"
    return "must be a number" if error["type"].startswith(("int", "float", "finite")) else str(error["msg"])


def values_of(preferences: Preferences) -> dict[str, Any]:
    """The value of each field of the page."""
    return {
        "languages": list(preferences.languages),
        "topics": list(preferences.topics),
        "theme": preferences.theme,
        "model": preferences.model,
        "persona": preferences.persona,
        "notify": preferences.notify,
        "chat_temperature": preferences.chat.temperature,
        "chat_max_new_tokens": preferences.chat.max_new_tokens,
        "arena_temperature": preferences.arena.temperature,
        "arena_max_new_tokens": preferences.arena.max_new_tokens,
    }


def build(services: SettingsServices, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    book, packs = services.preferences, services.packs
    screen = lay_out(
        [(own_name(code), code) for code in packs.languages()],
        [(topic_name(topic), topic) for topic in packs.subjects()],
        book.fixed,
    )
    page = SettingsPage(services, screen)
    fields = list(screen.fields.values())
    outputs = [*fields, screen.line, screen.confirm.row]
    demo.load(page.show, None, outputs, **EVENT_OPTIONS)
    saved = screen.save.click(page.save, fields, outputs, **EVENT_OPTIONS)
    saved.then(None, None, None, js=CHANGED)
    connect_question(
        screen.reset, screen.confirm, lambda: "Discard what you chose here and use the defaults?", []
    )
    screen.confirm.yes.click(page.reset, None, outputs, **EVENT_OPTIONS).then(None, None, None, js=CHANGED)
