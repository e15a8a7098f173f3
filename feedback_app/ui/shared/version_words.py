"""What the pages call versions: "version 3", never the name of its files alone."""

from datetime import datetime

from feedback_app.domain.version_names import roles, short_name, version_name
from feedback_app.services.generation.versions import Models
from feedback_app.ui.shared.text import sentence

FOLLOWED = {"latest": "The one in use", "champion": "The best tested one"}
"""Choices that mean another version once there is one."""


def version_choices(models: Models) -> list[tuple[str, str]]:
    """Every version with what it is called, for a dropdown: `Version 3, yesterday, shorter`."""
    checkpoints, now = models.checkpoints(), datetime.now().astimezone()
    return [(sentence(version_name(name, checkpoints, now)), name) for name in models.versions()]


def model_choices(models: Models, kept: str = "") -> list[tuple[str, str]]:
    """The version in use and, once there is one, the best tested one; then every version. `kept` is offered in any case."""
    checkpoints, aliases = models.checkpoints(), models.aliases()
    followed = [
        (f"{words} ({short_name(aliases.get(alias, 'base'), checkpoints)})", alias)
        for alias, words in FOLLOWED.items()
        if alias in ("latest", kept) or aliases.get(alias, "base") != "base"
    ]
    return [*followed, *version_choices(models)]


def version_badge(models: Models, name: str) -> str:
    """`version 3 (in use)`: what it is used for first of all."""
    words = short_name(name, models.checkpoints())
    used = roles(name, models.aliases()) if name != "base" else []
    return f"{words} ({used[0]})" if used else words
