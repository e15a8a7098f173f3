"""A comparison as the HTML that the arena shows. Blind until it is ranked. Pure."""

from collections.abc import Mapping
from html import escape
from typing import Any

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus
from feedback_app.services.arena.comparisons import drawn
from feedback_app.services.arena.earlier_replies import EarlierTurn
from feedback_app.services.generation.background import Problem
from feedback_app.ui.arena.turns import asked
from feedback_app.ui.arena.view import LETTERS, ORDINALS, Names, places_of, winner
from feedback_app.ui.shared.markdown import safe_html

NOTHING_YET = '<span class="waiting">…</span>'
EMPTY_REPLY = "<p><em>(an empty reply)</em></p>"


def board(
    comparison: Comparison,
    name: Names,
    problem: Problem | None = None,
    earlier: Mapping[int, EarlierTurn] | None = None,
) -> dict[str, Any]:
    """What the page is given of one comparison: `cards` are shown side by side, in the order of `ids`.

    `problem` is why its replies could not be written, `trouble` of which kind that is; `earlier` says where the replies before
    come from.
    """
    each = range(len(comparison.candidates))
    return {
        "id": comparison.id,
        "state": comparison.status.value,
        "ids": [candidate.id for candidate in comparison.candidates],
        "prompt": comparison.messages[-1].content,
        "drawn": drawn(comparison),
        "asked": asked(comparison, name, earlier or {}),
        "cards": "".join(card(comparison, i, name) for i in each),
        "replies": [reply(comparison, i) for i in each],
        "texts": [candidate.text for candidate in comparison.candidates],
        "problem": problem.text if problem else "",
        "trouble": problem.kind if problem else "",
        "ranking": _ranking(comparison),
    }


def _ranking(comparison: Comparison) -> dict[str, Any] | None:
    given = comparison.ranking
    if given is None:
        return None
    own = {"aspects": given.aspects, "note": given.note, "edit": given.edit or ""}
    return {"groups": given.groups, "all_bad": given.all_bad, **own}


def card(comparison: Comparison, index: int, name: Names) -> str:
    """One reply: its letter, by which it can be dragged where there are more than two, its text, its places."""
    letter, many = LETTERS[index], len(comparison.candidates) > 2
    won = " won" if winner(comparison, index) else ""
    candidate = comparison.candidates[index]
    return (
        f'<article class="card{won}" id="card-{letter.lower()}" data-id="{escape(candidate.id)}" '
        f'aria-label="Reply {letter}"><div class="card-head">{_letter(comparison, letter, many)}'
        f"{_revealed(comparison, index, name)}</div>"
        f'<div class="reply bounded" data-what="reply {letter}">{reply(comparison, index)}</div>'
        f"{_cut(candidate)}{_places(comparison, letter) if many else ''}</article>"
    )


def reply(comparison: Comparison, index: int) -> str:
    """Its text as far as it is written."""
    writing = comparison.status == ComparisonStatus.generating
    return safe_html(comparison.candidates[index].text) or (NOTHING_YET if writing else EMPTY_REPLY)


def _cut(candidate: Candidate) -> str:
    """Says that the reply met the limit of its length, which is no fault of its words."""
    if not candidate.cut:
        return ""
    return f'<p class="cut">Cut off at {candidate.sampling.max_new_tokens:,} tokens</p>'


def _letter(comparison: Comparison, letter: str, many: bool) -> str:
    title = f'<h2 class="sr">Reply {letter}</h2>'
    if not many or comparison.status != ComparisonStatus.open:
        return f'{title}<span class="letter" aria-hidden="true">{letter}</span>'
    told = f"Reply {letter}, no place yet: drag it onto another reply, or use the arrow keys"
    return (
        f'{title}<button type="button" class="letter grip" aria-label="{told}" title="Drag onto another reply to take its place">'
        f'{letter}</button><span class="given" hidden></span>'
    )


def _revealed(comparison: Comparison, index: int, name: Names) -> str:
    """Model and place, once it is ranked."""
    ranking = comparison.ranking
    if comparison.status != ComparisonStatus.ranked or ranking is None:
        writing = comparison.status == ComparisonStatus.generating
        return f'<span class="quiet">{"writing…" if writing else ""}</span>'
    candidate = comparison.candidates[index]
    place = "all bad" if ranking.all_bad else ORDINALS[places_of(comparison)[candidate.id] - 1]
    tie = "tie" if len(ranking.groups) == 1 and not ranking.all_bad else place
    model = f'<span class="model" title="{escape(candidate.model)}">{escape(name(candidate.model))}</span>'
    return f'{model}<span class="place">{tie}</span>'


def _places(comparison: Comparison, letter: str) -> str:
    if comparison.status != ComparisonStatus.open:
        return ""
    name = f"place-{letter.lower()}"
    choices = "".join(
        f'<label><input type="radio" name="{name}" value="{i}">{i}</label>'
        for i in range(1, len(comparison.candidates) + 1)
    )
    return f'<fieldset class="places" id="{name}"><legend>Place of {letter}</legend>{choices}</fieldset>'
