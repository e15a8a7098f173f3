"""A comparison as the HTML that the arena shows. Blind until it is ranked. Pure."""

from collections.abc import Mapping
from html import escape
from typing import Any

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.services.ahead import drawn
from feedback_app.services.generations import Problem
from feedback_app.ui.arena_view import LETTERS, ORDINALS, model_label, places_of, winner
from feedback_app.ui.markdown import safe_html

NOTHING_YET = '<span class="waiting">…</span>'
EMPTY_REPLY = "<p><em>(an empty reply)</em></p>"


def board(
    comparison: Comparison, aliases: Mapping[str, str], problem: Problem | None = None
) -> dict[str, Any]:
    """What the page is given of one comparison: `cards` are shown side by side, in the order of `ids`.

    `problem` is why its replies could not be written, `trouble` of which kind that is.
    """
    given = comparison.ranking
    return {
        "id": comparison.id,
        "state": comparison.status.value,
        "ids": [candidate.id for candidate in comparison.candidates],
        "prompt": comparison.messages[-1].content,
        "drawn": drawn(comparison),
        "asked": asked(comparison),
        "cards": "".join(card(comparison, i, aliases) for i in range(len(comparison.candidates))),
        "replies": [reply(comparison, i) for i in range(len(comparison.candidates))],
        "problem": problem.text if problem else "",
        "trouble": problem.kind if problem else "",
        "ranking": given and {"groups": given.groups, "all_bad": given.all_bad},
    }


def asked(comparison: Comparison) -> str:
    """The prompt, with the turns before it folded away."""
    tag = (
        f'<span class="tag">{escape(comparison.tags[0].replace("_", " "))}</span>' if comparison.tags else ""
    )
    prompt = f'<p class="plain">{escape(comparison.messages[-1].content)}</p>'
    turns = [message for message in comparison.messages[:-1] if message.role != "system"]
    return f'{tag}{_earlier(turns)}<h2 class="sr">Prompt</h2>{prompt}'


def _earlier(turns: list[Message]) -> str:
    if not turns:
        return ""
    said = "".join(
        f'<li class="turn {turn.role}"><span class="sr">{turn.role}:</span>{safe_html(turn.content)}</li>'
        for turn in turns
    )
    many = f"{len(turns)} earlier turns"
    return f'<details class="earlier" open><summary>{many}</summary><ol>{said}</ol></details>'


def card(comparison: Comparison, index: int, aliases: Mapping[str, str]) -> str:
    """One reply: its letter, by which it can be dragged where there are more than two, its text, its places."""
    letter, many = LETTERS[index], len(comparison.candidates) > 2
    won = " won" if winner(comparison, index) else ""
    return (
        f'<article class="card{won}" id="card-{letter.lower()}" data-id="{escape(comparison.candidates[index].id)}" '
        f'aria-label="Reply {letter}"><div class="card-head">{_letter(comparison, letter, many)}'
        f"{_revealed(comparison, index, aliases)}</div>"
        f'<div class="reply">{reply(comparison, index)}</div>{_places(comparison, letter) if many else ""}</article>'
    )


def reply(comparison: Comparison, index: int) -> str:
    """Its text as far as it is written."""
    writing = comparison.status == ComparisonStatus.generating
    return safe_html(comparison.candidates[index].text) or (NOTHING_YET if writing else EMPTY_REPLY)


def _letter(comparison: Comparison, letter: str, many: bool) -> str:
    title = f'<h2 class="sr">Reply {letter}</h2>'
    if not many or comparison.status != ComparisonStatus.open:
        return f'{title}<span class="letter" aria-hidden="true">{letter}</span>'
    told = f"Reply {letter}: drag it to its place, or move it with the arrow keys"
    return f'{title}<button type="button" class="letter grip" aria-label="{told}" title="Drag to rank">{letter}</button>'


def _revealed(comparison: Comparison, index: int, aliases: Mapping[str, str]) -> str:
    """Model and place, once it is ranked."""
    ranking = comparison.ranking
    if comparison.status != ComparisonStatus.ranked or ranking is None:
        writing = comparison.status == ComparisonStatus.generating
        return f'<span class="quiet">{"writing…" if writing else ""}</span>'
    candidate = comparison.candidates[index]
    place = "all bad" if ranking.all_bad else ORDINALS[places_of(comparison)[candidate.id] - 1]
    model = escape(model_label(candidate.model, aliases))
    return f'<span class="model">{model}</span><span class="place">{place}</span>'


def _places(comparison: Comparison, letter: str) -> str:
    if comparison.status != ComparisonStatus.open:
        return ""
    name = f"place-{letter.lower()}"
    choices = "".join(
        f'<label><input type="radio" name="{name}" value="{i}">{i}</label>'
        for i in range(1, len(comparison.candidates) + 1)
    )
    return f'<fieldset class="places" id="{name}"><legend>Place of {letter}</legend>{choices}</fieldset>'
