"""Replies before and after a round, side by side, as HTML. Pure."""

from collections.abc import Mapping
from html import escape

from feedback_app.domain.version_names import called
from feedback_app.services.rounds.before_after import BeforeAfterView, Shown
from feedback_app.ui.shared.markdown import safe_html
from feedback_app.ui.shared.text import alert, count, sentence

LONGEST = 600
"""Characters of a prompt that are shown."""


def before_after(view: BeforeAfterView, numbers: Mapping[str, int]) -> str:
    """What is written so far, and how far it is."""
    before, after = called(view.before, numbers), called(view.after, numbers)
    parts = [
        '<h2 class="section" id="before-after-title">Before and after</h2>',
        f'<p class="quiet">{_about(view, before, after)}</p>',
    ]
    if view.problem:
        parts.append(alert(sentence(f"{view.problem}.".replace("..", "."))))
    cards = "".join(_card(shown, before, after) for shown in view.shown if shown.written)
    if cards:
        parts.append(f'<ol class="before-after">{cards}</ol>')
    return "".join(parts)


def _about(view: BeforeAfterView, before: str, after: str) -> str:
    both = f"{escape(before)} and {escape(after)}"
    if view.state == "running":
        total = len(view.shown)
        bar = f'<progress aria-label="Prompts answered" value="{view.written}" max="{total}"></progress>'
        return f"Writing replies of {both}: {view.written} of {count(total, 'prompt')} done. {bar}"
    if view.state == "stopped":
        return f"Stopped: {view.written} of {count(len(view.shown), 'prompt')} done."
    if view.state == "done":
        return f"The same prompts, answered by {both}. No round trains on held-out prompts."
    return f"Read how {both} answer a few of your own prompts. Writing the replies takes about a minute."


def _card(shown: Shown, before: str, after: str) -> str:
    prompt = shown.prompt[-1].content
    cut = prompt if len(prompt) <= LONGEST else f"{prompt[:LONGEST]} …"
    badge = '<span class="badge">held out</span> ' if shown.heldout else ""
    sides = _side("Before", before, shown.before) + _side("After", after, shown.after)
    return f'<li>{badge}<p class="plain">{escape(cut)}</p><div class="sides">{sides}</div></li>'


def _side(when: str, version: str, reply: str) -> str:
    text = safe_html(reply) or "<p><em>(an empty reply)</em></p>"
    return (
        f'<article aria-label="{when}"><p class="quiet">{when}: {escape(version)}</p>'
        f'<div class="reply">{text}</div></article>'
    )
