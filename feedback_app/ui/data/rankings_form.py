"""The form that changes a ranking, and the form that looks for rankings. Pure."""

from collections.abc import Callable, Iterable, Mapping
from html import escape

from feedback_app.domain.comparison import ASPECTS, Comparison
from feedback_app.domain.ranking_query import RANKING_FILTERS, RANKING_LABELS, SELECTION_FILTERS
from feedback_app.store.search import Choices
from feedback_app.ui.arena.view import places_of

SELECTION_LABELS = {
    "random": "random",
    "active": "most informative",
    "named": "versions you named",
    "came back": "repeated pair",
}
ANY = "any"


def form(comparison: Comparison) -> str:
    """Verdict, tone tags, note, rewrite and tags, as they are."""
    ranking = comparison.ranking
    note, edit = (ranking.note, ranking.edit or "") if ranking else ("", "")
    aspects = ranking.aspects if ranking else ()
    known = dict.fromkeys([*ASPECTS, *aspects])
    tone = "".join(_box("aspect", name, name in aspects) for name in known)
    return (
        '<details class="change"><summary>Edit</summary><form class="edit">'
        f'<fieldset class="places"><legend>Place of each reply (equal places are a tie)</legend>{_places(comparison)}'
        f"{_box('all-bad', '1', bool(ranking and ranking.all_bad), 'All bad')}</fieldset>"
        f"<fieldset><legend>The better reply is…</legend>{tone}</fieldset>"
        f'<label>Your rewrite<textarea name="edit" rows="3">{_kept(edit)}</textarea></label>'
        f'<label>Note<input type="text" name="note" value="{escape(note)}" maxlength="10000"></label>'
        f'<label>Tags, separated by commas<input type="text" name="tags" value="{escape(", ".join(comparison.tags))}"></label>'
        '<button type="submit" class="main">Save</button></form></details>'
    )


def _kept(text: str) -> str:
    """A textarea swallows a line break right after its tag."""
    return f"\n{escape(text)}"


def _box(name: str, value: str, on: bool, label: str = "") -> str:
    checked = " checked" if on else ""
    return (
        f'<label class="box"><input type="checkbox" name="{name}" value="{escape(value)}"{checked}>'
        f"{escape(label or value)}</label>"
    )


def _places(comparison: Comparison) -> str:
    ranking = comparison.ranking
    places = {} if ranking is None or ranking.all_bad else places_of(comparison)
    return "".join(
        _place(i, candidate.id, len(comparison.candidates), places.get(candidate.id))
        for i, candidate in enumerate(comparison.candidates)
    )


def _place(index: int, name: str, last: int, place: int | None) -> str:
    letter = chr(ord("A") + index) if index < 26 else str(index + 1)
    options = "".join(
        f'<option value="{i}"{" selected" if i == place else ""}>{i}</option>' for i in range(1, last + 1)
    )
    return (
        f'<label class="box">{letter} <select name="place" aria-label="Place of {letter}" data-reply="{escape(name)}">'
        f'<option value="">–</option>{options}</select></label>'
    )


def groups_of(places: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Candidate ids by place, best first; equal places are a tie."""
    return tuple(
        tuple(name for name, at in places.items() if at == place) for place in sorted(set(places.values()))
    )


def search_form() -> str:
    """What rankings are looked for by. The choices that depend on what there is come later."""
    return (
        '<form id="find" role="search"><label class="wide">Words'
        '<input type="search" name="words" placeholder="in prompts, replies, notes and rewrites"></label>'
        f"{_select('verdict', 'Verdict', ((name, RANKING_LABELS.get(name, name)) for name in RANKING_FILTERS))}"
        f"{_select('source', 'Source', ())}{_select('version', 'Version', ())}"
        f"{_select('tag', 'Tag', ())}{_select('aspect', 'Tone', ())}"
        f"{_select('chosen', 'Selection', ((name, SELECTION_LABELS[name]) for name in SELECTION_FILTERS))}"
        '<label class="box"><input type="checkbox" name="differs" value="true">I changed my mind</label>'
        '<div class="does"><button type="submit" class="main">Search</button>'
        '<button type="reset">Show all</button></div></form>'
    )


def _select(name: str, label: str, choices: Iterable[tuple[str, str]]) -> str:
    return f'<label>{label}<select name="{name}" aria-label="{label}">{options(choices)}</select></label>'


def options(choices: Iterable[tuple[str, str]]) -> str:
    """Of a choice, `any` first."""
    named = "".join(f'<option value="{escape(value)}">{escape(words)}</option>' for value, words in choices)
    return f'<option value="">{ANY}</option>{named}'


def choices_html(choices: Choices, called: Callable[[str], str] = str) -> dict[str, str]:
    """The options of each choice that depends on what there is. `called` tells what a version is called."""
    lists = {
        "source": choices.sources,
        "version": choices.versions,
        "tag": choices.tags,
        "aspect": choices.aspects,
    }
    words: dict[str, Callable[[str], str]] = {"tag": lambda tag: tag.replace("_", " "), "version": called}
    return {
        name: options((value, words.get(name, str)(value)) for value in values)
        for name, values in lists.items()
    }
