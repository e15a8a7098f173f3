"""A comparison as the HTML that the Arena page shows. Models stay hidden until the comparison is ranked. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.services.arena.comparisons import EDIT, EarlierTurn, drawn
from feedback_app.services.generation.background import Problem
from feedback_app.ui.arena.view import (
    LETTERS,
    Names,
    origin,
    place_name,
    replies_to_continue_from,
    winner,
)
from feedback_app.ui.shared.markdown import safe_html
from feedback_app.ui.shared.templates import render

EarlierTurns = Mapping[int, EarlierTurn]
"""Index of a message -> the comparison that this reply comes from."""


@dataclass(frozen=True, slots=True)
class Card:
    """One reply. `model`, `version` (its name) and `place` are empty until it is ranked. `limit`: the number of tokens at which it was cut
    off, or 0."""

    letter: str
    id: str
    text: Markup
    won: bool
    model: str
    version: str
    place: str
    limit: int


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """One message of a conversation. `origin` says which comparison a reply comes from; it may be empty."""

    role: str
    text: Markup
    origin: str = ""


def board(
    comparison: Comparison,
    name: Names,
    problem: Problem | None = None,
    earlier: EarlierTurns | None = None,
) -> dict[str, Any]:
    """A comparison as the page's scripts receive it. `ids`, `replies` and `texts` are in the order of the cards.

    `problem` says why no replies could be written, `trouble` is its kind.
    """
    indexes = range(len(comparison.candidates))
    return {
        "id": comparison.id,
        "state": comparison.status.value,
        "ids": [candidate.id for candidate in comparison.candidates],
        "prompt": comparison.messages[-1].content,
        "drawn": drawn(comparison),
        "asked": prompt_html(comparison, name, earlier or {}),
        "cards": cards_html(comparison, name),
        "replies": [reply_html(comparison, index) for index in indexes],
        "texts": [candidate.text for candidate in comparison.candidates],
        "problem": problem.text if problem else "",
        "trouble": problem.kind if problem else "",
        "ranking": _ranking(comparison),
    }


def _ranking(comparison: Comparison) -> dict[str, Any] | None:
    ranking = comparison.ranking
    if ranking is None:
        return None
    details = {"aspects": ranking.aspects, "note": ranking.note, "edit": ranking.edit or ""}
    return {"groups": ranking.groups, "all_bad": ranking.all_bad, **details}


def cards_html(comparison: Comparison, name: Names) -> Markup:
    """The replies. Three or four can be ordered by dragging, by numbers or by keys."""
    count, status = len(comparison.candidates), comparison.status
    return render(
        "arena/cards.html",
        cards=[_card(comparison, index, name) for index in range(count)],
        to_order=count > 2 and status is ComparisonStatus.open,
        writing=status is ComparisonStatus.generating,
    )


def _card(comparison: Comparison, index: int, name: Names) -> Card:
    candidate, place = comparison.candidates[index], place_name(comparison, index)
    return Card(
        letter=LETTERS[index],
        id=candidate.id,
        text=reply_html(comparison, index),
        won=winner(comparison, index),
        model=candidate.model if place else "",
        version=name(candidate.model) if place else "",
        place=place,
        limit=candidate.sampling.max_new_tokens if candidate.cut else 0,
    )


def reply_html(comparison: Comparison, index: int) -> Markup:
    """The text of a reply, as much of it as is written."""
    text = safe_html(comparison.candidates[index].text)
    writing = comparison.status is ComparisonStatus.generating
    return text or render("arena/reply.html", writing=writing)


def prompt_html(comparison: Comparison, name: Names, earlier: EarlierTurns) -> Markup:
    """The prompt, with the turns before it above."""
    return render(
        "arena/prompt.html",
        topic=comparison.tags[0].replace("_", " ") if comparison.tags else "",
        turns=_turns(comparison, name, earlier),
        prompt=comparison.messages[-1].content,
    )


def ways_to_continue(comparison: Comparison, name: Names, earlier: EarlierTurns) -> list[dict[str, Any]]:
    """The replies that the conversation can continue with, each with the conversation up to it as HTML."""
    return [
        {**way, "thread": _conversation_with(way["reply"], comparison, name, earlier)}
        for way in replies_to_continue_from(comparison)
    ]


def _conversation_with(reply: str, comparison: Comparison, name: Names, earlier: EarlierTurns) -> Markup:
    last = ShownTurn(
        "assistant", safe_html(_reply_text(comparison, reply)), origin(EarlierTurn(comparison, reply), name)
    )
    prompt = _turn(comparison.messages[-1])
    return render("arena/conversation.html", turns=[*_turns(comparison, name, earlier), prompt, last])


def _reply_text(comparison: Comparison, reply: str) -> str:
    if reply == EDIT:
        return (comparison.ranking.edit if comparison.ranking else "") or ""
    return comparison.candidate(reply).text


def _turns(comparison: Comparison, name: Names, earlier: EarlierTurns) -> list[ShownTurn]:
    """The turns before the prompt, without a system prompt."""
    return [
        _turn(message, origin(earlier[i], name) if i in earlier else "")
        for i, message in enumerate(comparison.messages[:-1])
        if message.role != "system"
    ]


def _turn(message: Message, origin_line: str = "") -> ShownTurn:
    return ShownTurn(message.role, safe_html(message.content), origin_line)
