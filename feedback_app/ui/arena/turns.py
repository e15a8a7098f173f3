"""The conversation above the replies, as HTML: the prompt, the turns before it, and who wrote them. Pure."""

from collections.abc import Mapping
from html import escape
from typing import Any

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.services.arena.earlier_replies import EDIT, EarlierTurn
from feedback_app.ui.arena.view import LETTERS, Names, replies_to_go_on, who_wrote
from feedback_app.ui.shared.markdown import safe_html

Turns = Mapping[int, EarlierTurn]


def asked(comparison: Comparison, name: Names, earlier: Turns) -> str:
    """The prompt, with the turns before it above."""
    topic = escape(comparison.tags[0].replace("_", " ")) if comparison.tags else ""
    tag = f'<span class="tag">{topic}</span>' if topic else ""
    prompt = f'<p class="plain bounded" data-what="prompt">{escape(comparison.messages[-1].content)}</p>'
    return f'{tag}{_before(comparison, name, earlier)}<h2 class="sr">Prompt</h2>{prompt}'


def go_on(comparison: Comparison, name: Names, earlier: Turns) -> list[dict[str, Any]]:
    """What the conversation may go on with, each with the conversation up to there."""
    ways: list[dict[str, Any]] = []
    for way in replies_to_go_on(comparison):
        said = _said(comparison, way["reply"])
        this = EarlierTurn(comparison, way["reply"])
        turns = [*_turns(comparison, name, earlier), _turn(comparison.messages[-1])]
        turns.append(_turn(Message("assistant", said), origin(this, name)))
        ways.append({**way, "thread": _list(turns)})
    return ways


def _said(comparison: Comparison, reply: str) -> str:
    if reply == EDIT:
        return (comparison.ranking.edit if comparison.ranking else "") or ""
    return comparison.candidate(reply).text


def _before(comparison: Comparison, name: Names, earlier: Turns) -> str:
    turns = _turns(comparison, name, earlier)
    if not turns:
        return ""
    many = f"{len(turns)} earlier turns"
    return f'<details class="earlier" open><summary>{many}</summary>{_list(turns)}</details>'


def _turns(comparison: Comparison, name: Names, earlier: Turns) -> list[str]:
    return [
        _turn(message, origin(earlier[i], name) if i in earlier else "")
        for i, message in enumerate(comparison.messages[:-1])
        if message.role != "system"
    ]


def _list(turns: list[str]) -> str:
    return f'<ol class="turns bounded end" data-what="conversation">{"".join(turns)}</ol>'


def _turn(message: Message, wrote: str = "") -> str:
    who = "You" if message.role == "user" else "Reply"
    by = f'<p class="wrote">{escape(wrote)}</p>' if wrote else ""
    return (
        f'<li class="turn {message.role}"><span class="sr">{who}:</span>{safe_html(message.content)}{by}</li>'
    )


def origin(turn: EarlierTurn, name: Names) -> str:
    """`B was your choice over A. A was the base model; B was version 2, yesterday.`"""
    candidates = turn.comparison.candidates
    others = " and ".join(LETTERS[i] for i, one in enumerate(candidates) if one.id != turn.reply)
    wrote = who_wrote(turn.comparison, name)
    if turn.reply == EDIT:
        return f"Your version, instead of {others}. {wrote}"
    own = next(LETTERS[i] for i, one in enumerate(candidates) if one.id == turn.reply)
    return f"{own} {_verdict(turn)} {others}. {wrote}"


def _verdict(turn: EarlierTurn) -> str:
    ranking = turn.comparison.ranking
    if ranking is None or ranking.all_bad or len(ranking.groups) == 1:
        return "was level with"
    return "was your choice over" if turn.reply in ranking.groups[0] else "was not your choice of"
