"""Completions for the shell: ids and names from the running service; without one, only fixed values."""

from contextlib import closing
from typing import Any


def rounds() -> list[str]:
    """Ids of the newest rounds, and `last`."""
    return ["last", *(str(one["id"])[:8] for one in _asked("/rounds?limit=50"))]


def versions() -> list[str]:
    return ["base", *(str(one["name"]) for one in _asked("/checkpoints"))]


def models() -> list[str]:
    """Versions and aliases."""
    return ["latest", "champion", *versions()]


def methods() -> list[str]:
    from alignment.contract.methods import METHODS

    return list(METHODS)


def written_formats() -> list[str]:
    from feedback_app.formats.catalogue import FORMATS

    return list(FORMATS)


def personas() -> list[str]:
    return [str(one["id"]) for one in _asked("/personas")]


def _asked(path: str) -> list[Any]:
    import typer

    from feedback_app.commands.client import running_service
    from feedback_app.commands.common import settings_in_force
    from feedback_app.errors import AppError

    try:
        service = running_service(settings_in_force())
        if service is None:
            return []
        with closing(service.http):
            return list(service.get(path))
    except (
        AppError,
        ValueError,
        typer.Exit,
    ):  # complete nothing rather than print an error
        return []
