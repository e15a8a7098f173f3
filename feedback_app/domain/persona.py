"""Personas: a name and a system prompt, read from `datasets/personas/`."""

import json
from dataclasses import dataclass
from pathlib import Path

from feedback_app.errors import NotFound


class UnknownPersona(NotFound, LookupError):
    """No persona file of that id; the message lists those there are."""


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
    fields = json.loads(known[persona_id].read_text(encoding="utf-8"))
    return Persona(**{name: fields[name] for name in Persona.__dataclass_fields__})


def known_personas(folder: Path) -> list[Persona]:
    """Every persona of the folder, read afresh."""
    return [read_persona(folder, path.stem) for path in sorted(folder.glob("*.json"))]
