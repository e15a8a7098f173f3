"""The head of each page: the name, the way to the other pages, and where one is."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from feedback_app.ui.shared.theme import STATIC

MARK = (STATIC / "mark.svg").read_text(encoding="utf-8").replace("<svg ", '<svg aria-hidden="true" ', 1)


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its name, and its address below the root (empty: the first page)."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pages behind one name. A group of one page is that page."""

    name: str
    places: tuple[Place, ...]


ARENA, CHAT, ROUNDS = Place("Arena", ""), Place("Chat", "chat"), Place("Rounds", "rounds")
REWARD, LEADERBOARD = Place("Reward", "reward"), Place("Leaderboard", "leaderboard")
DATA, SETTINGS = Place("Data", "data"), Place("Settings", "settings")
GROUPS = (
    Group("Arena", (ARENA,)),
    Group("Chat", (CHAT,)),
    Group("Train", (ROUNDS, REWARD, LEADERBOARD)),
    Group("Data", (DATA,)),
    Group("Settings", (SETTINGS,)),
)
"""A new page belongs into one of these, so that the row stays as wide as a phone."""


def page_title(place: Place) -> str:
    """What the browser's tab says."""
    return f"{place.name} · codeLynn"


def head_html(current: Place, groups: Sequence[Group] = GROUPS) -> str:
    """Name, pages and steps, as HTML. `ui/shared/static/` shuts the menus and fills the steps."""
    items = "".join(f"<li>{_group(group, current)}</li>" for group in groups)
    return (
        f'<div id="shell-head" data-title="{escape(page_title(current))}">'
        f'<a class="brand" href="./">{MARK}<span>codeLynn</span></a>'
        f'<nav aria-label="Pages"><ul>{items}</ul></nav></div><div id="steps"></div>'
    )


def _group(group: Group, current: Place) -> str:
    if len(group.places) == 1:
        return _link(group.places[0], current)
    here = ' class="here"' if current in group.places else ""
    links = "".join(f"<li>{_link(place, current)}</li>" for place in group.places)
    return f'<details name="pages"{here}><summary>{escape(group.name)}</summary><ul>{links}</ul></details>'


def _link(place: Place, current: Place) -> str:
    mark = ' aria-current="page"' if place == current else ""
    return f'<a href="./{escape(place.path)}"{mark}>{escape(place.name)}</a>'
