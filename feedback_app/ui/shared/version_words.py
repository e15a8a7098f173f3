"""Names of versions on the pages: "version 3" rather than the name of its files."""

from datetime import datetime

from feedback_app.domain.version_names import roles, short_name, version_name
from feedback_app.services.generation.versions import Models
from feedback_app.ui.shared.text import sentence

FOLLOWED = {"latest": "The one in use", "champion": "The best tested one"}
"""Choices that follow the aliases: a later promotion changes the version that they stand for."""


def version_choices(models: Models) -> list[tuple[str, str]]:
    """(label, name) of every version, for a dropdown. A label reads `Version 3, yesterday, shorter`."""
    checkpoints, now = models.checkpoints(), datetime.now().astimezone()
    return [(sentence(version_name(name, checkpoints, now)), name) for name in models.versions()]


def model_choices(models: Models, kept: str = "") -> list[tuple[str, str]]:
    """(label, name) of the version in use, of the best tested version where there is one, and of every version. The alias `kept`
    is always offered."""
    checkpoints, aliases = models.checkpoints(), models.aliases()
    followed = [
        (f"{words} ({short_name(aliases.get(alias, 'base'), checkpoints)})", alias)
        for alias, words in FOLLOWED.items()
        if alias in ("latest", kept) or aliases.get(alias, "base") != "base"
    ]
    return [*followed, *version_choices(models)]


def version_badge(models: Models, name: str) -> str:
    """`version 3 (in use)`: the name of a version with its first role."""
    words = short_name(name, models.checkpoints())
    used = roles(name, models.aliases()) if name != "base" else []
    return f"{words} ({used[0]})" if used else words
