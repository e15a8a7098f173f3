"""How versions of the model are called where people read them. Pure."""

from collections.abc import Iterable, Mapping

from feedback_app.domain.round import Checkpoint

ALIAS_WORDS = {
    "latest": "in use",
    "challenger": "being tested",
    "champion": "best tested",
    "previous": "previous",
}
"""What each alias says of its version."""


def numbered(checkpoints: Iterable[Checkpoint]) -> dict[str, int]:
    """Checkpoint names with their numbers: 1 for the first that was made."""
    oldest_first = sorted(checkpoints, key=lambda item: (item.created_at, item.name))
    return {item.name: number for number, item in enumerate(oldest_first, start=1)}


def called(name: str, numbers: Mapping[str, int]) -> str:
    """`version 3`, or `the base model`."""
    if name == "base":
        return "the base model"
    return f"version {numbers[name]}" if name in numbers else name


def roles(name: str, aliases: Mapping[str, str]) -> list[str]:
    """What a version is used for now, such as `in use`; `base` is only ever in use or previous."""
    told = ("latest", "previous") if name == "base" else ALIAS_WORDS
    return [ALIAS_WORDS[alias] for alias in told if aliases.get(alias) == name]
