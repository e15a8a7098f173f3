"""Personas: a name and a system prompt, read from `datasets/personas/`."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from feedback_app.domain.json_rules import parsed
from feedback_app.errors import NotFound


class UnknownPersona(NotFound, LookupError):
    """No persona file of that id, or one that cannot be read; the message says which."""


@dataclass(frozen=True, slots=True)
class Persona:
    id: str
    name: str
    description: str
    system_prompt: str
    greeting: str


def read_persona(folder: Path, persona_id: str) -> Persona:
    """The persona in `folder/<id>.json`. Raises UnknownPersona."""
    known = {path.stem: path for path in sorted(folder.glob("*.json"))}
    if persona_id not in known:
        raise UnknownPersona(
            f"no persona {persona_id!r} in {folder}; there are: {', '.join(known) or 'none'}"
        )
    try:
        return _persona(parsed(known[persona_id].read_bytes()))
    except (OSError, ValueError) as error:
        raise UnknownPersona(f"the persona file {known[persona_id]} cannot be read: {error}") from error


def _persona(fields: object) -> Persona:
    """Raises ValueError."""
    names = Persona.__dataclass_fields__
    if not isinstance(fields, dict) or not all(isinstance(fields.get(name), str) for name in names):
        raise ValueError(f"it must have a text for each of: {', '.join(names)}")
    return Persona(**{name: fields[name] for name in names})


def known_personas(folder: Path) -> list[Persona]:
    """Every persona of the folder whose file can be read, read afresh."""
    return list(_readable(folder))


def _readable(folder: Path) -> Iterator[Persona]:
    for path in sorted(folder.glob("*.json")):
        with suppress(UnknownPersona):
            yield read_persona(folder, path.stem)
