"""HTML from Jinja2 templates. Every value is escaped, unless it is `Markup`."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ROOMS = Path(__file__).parents[1]


def render(name: str, /, **values: Any) -> Markup:
    """The template `<room>/templates/<file>`, named `<room>/<file>`, filled with `values`. Raises TemplateNotFound, and
    UndefinedError where the template uses a value that is missing."""
    room, _, file = name.partition("/")
    return Markup(_environment().get_template(f"{room}/templates/{file}").render(**values))  # noqa: S704 - autoescaped


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOMS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
