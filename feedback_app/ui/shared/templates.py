"""HTML of the pages from Jinja2 templates. Everything that is filled in is escaped, unless it is `Markup` already."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ROOMS = Path(__file__).parents[1]


def render(name: str, **values: Any) -> Markup:
    """The template `<room>/templates/<file>`, named as `<room>/<file>`, filled with `values`. A value that the template uses
    and nobody gave is an error."""
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
