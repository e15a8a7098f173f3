"""The owner's preferences, as the Settings page shows them."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from feedback_app.domain.preferences import Preferences, Theme
from feedback_app.services.system.preferences import Changes, PreferenceBook


class PreferencesBody(BaseModel):
    """The current preferences. `set_by` maps a field to the environment variable that sets it; such a field cannot be changed here."""

    languages: list[str]
    topics: list[str]
    theme: Theme
    model: str
    persona: str
    notify: bool
    chat_temperature: float
    chat_max_new_tokens: int
    arena_temperature: float
    arena_max_new_tokens: int
    set_by: dict[str, str]

    @classmethod
    def of(cls, value: Preferences, set_by: dict[str, str]) -> "PreferencesBody":
        fields = asdict(value)
        styles = {
            f"{where}_{name}": number
            for where in ("chat", "arena")
            for name, number in fields.pop(where).items()
        }
        return cls.model_validate({**fields, **styles, "set_by": set_by})


def router(book: PreferenceBook) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/preferences", tags=["preferences"])

    def body_of(value: Preferences) -> PreferencesBody:
        return PreferencesBody.of(value, dict(book.fixed))

    @routes.get("", summary="Show the preferences")
    def show() -> PreferencesBody:
        """What holds now: the environment before what was chosen, that before the defaults."""
        return body_of(book.get())

    @routes.patch("", summary="Change preferences")
    def change(changes: Changes) -> PreferencesBody:
        """Saves the given fields, all or none. Null resets a field to its default. Changes apply at once."""
        return body_of(book.change(changes))

    @routes.delete("", summary="Reset all preferences")
    def reset() -> PreferencesBody:
        """Resets every preference to its default."""
        return body_of(book.reset())

    return routes
