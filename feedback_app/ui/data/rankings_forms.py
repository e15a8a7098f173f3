"""The form that edits a ranking, and the form that searches for rankings. Pure."""

from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup

from feedback_app.domain.comparison import ASPECTS, Comparison, Ranking
from feedback_app.domain.ranking_query import RANKING_FILTERS, RANKING_LABELS, SELECTION_FILTERS
from feedback_app.store.search import Choices
from feedback_app.ui.arena.view import places_of
from feedback_app.ui.shared.templates import render

SELECTION_LABELS = {
    "random": "random",
    "active": "most informative",
    "named": "versions you named",
    "came back": "repeated pair",
}
LETTERS = 26
CHOICES = {"source": "Source", "version": "Version", "tag": "Tag", "aspect": "Tone"}
"""The choices that depend on the data: `choices_html` fills them in later."""


def letter(index: int) -> str:
    """A, B, … Z, then numbers: an imported comparison may have any number of replies."""
    return chr(ord("A") + index) if index < LETTERS else str(index + 1)


def form(comparison: Comparison) -> Markup:
    """The ranking, its tone tags, note and rewrite, and the tags of the comparison, ready to be edited."""
    ranking = comparison.ranking or Ranking(())
    return render(
        "data/ranking_form.html",
        replies=_replies(comparison),
        all_bad=ranking.all_bad,
        aspects=ranking.aspects,
        known_aspects=dict.fromkeys([*ASPECTS, *ranking.aspects]),
        edit=ranking.edit or "",
        note=ranking.note,
        tags=comparison.tags,
    )


def _replies(comparison: Comparison) -> list[dict[str, str | int | None]]:
    """The replies, each with its place."""
    ranking = comparison.ranking
    places = {} if ranking is None or ranking.all_bad else places_of(comparison)
    return [
        {"letter": letter(i), "id": candidate.id, "place": places.get(candidate.id)}
        for i, candidate in enumerate(comparison.candidates)
    ]


def groups_of(places: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Candidate ids by place, best first. Equal places are a tie."""
    return tuple(
        tuple(name for name, at in places.items() if at == place) for place in sorted(set(places.values()))
    )


def rankings_panel() -> Markup:
    """The frame of the list of rankings, which `static/rankings.js` fills."""
    return render("data/rankings_panel.html", search=search_form())


def search_form() -> Markup:
    """The filters."""
    results = ((name, RANKING_LABELS.get(name, name)) for name in RANKING_FILTERS)
    selections = ((name, SELECTION_LABELS[name]) for name in SELECTION_FILTERS)
    choices = [
        _choice("verdict", "Result", results),
        *(_choice(name, label, ()) for name, label in CHOICES.items()),
        _choice("chosen", "Selection", selections),
    ]
    return render("data/search.html", choices=choices)


def _choice(name: str, label: str, choices: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {"name": name, "label": label, "options": options(choices)}


def options(choices: Iterable[tuple[str, str]]) -> Markup:
    """The options of a choice. The first option is `any`."""
    return render("data/options.html", choices=choices)


def choices_html(choices: Choices, called: Callable[[str], str] = str) -> dict[str, Markup]:
    """The options of each choice that depends on the data. `called` names a version."""
    values = {
        "source": choices.sources,
        "version": choices.versions,
        "tag": choices.tags,
        "aspect": choices.aspects,
    }
    words: dict[str, Callable[[str], str]] = {"tag": lambda tag: tag.replace("_", " "), "version": called}
    return {
        name: options((value, words.get(name, str)(value)) for value in known)
        for name, known in values.items()
    }
