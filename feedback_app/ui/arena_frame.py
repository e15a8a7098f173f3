"""A comparison as updates of the arena's parts."""

from collections.abc import Mapping

import gradio as gr

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.ui.arena_layout import Screen
from feedback_app.ui.arena_view import EMPTY, asked, card_classes, card_head
from feedback_app.ui.guard import Updates
from feedback_app.ui.text import untrusted
from feedback_app.ui.wiring import HIDDEN, seen

NOTHING_YET = '<span class="waiting">…</span>'
EMPTY_REPLY = "*(an empty reply)*"


def frame(screen: Screen, comparison: Comparison, aliases: Mapping[str, str], undo: bool) -> Updates:
    """The whole page for a comparison, whatever was shown before. `undo`: something can be taken back."""
    updates: Updates = {screen.asked: asked(comparison)}
    for i in range(len(screen.cards)):
        updates |= _card(screen, i, comparison, aliases)
    return (
        updates
        | texts(screen, comparison)
        | _buttons(screen, comparison, undo)
        | _details(screen, comparison)
    )


def texts(screen: Screen, comparison: Comparison) -> Updates:
    """Only the replies, as far as they are written."""
    writing = comparison.status == ComparisonStatus.generating
    return {
        screen.cards[i].text: untrusted(candidate.text) or (NOTHING_YET if writing else EMPTY_REPLY)
        for i, candidate in enumerate(comparison.candidates[: len(screen.cards)])
    }


def cleared(screen: Screen, undo: bool) -> Updates:
    """Nothing to rank."""
    buttons = screen.verdicts
    hidden = [
        buttons.first,
        buttons.tie,
        buttons.second,
        buttons.submit,
        buttons.all_bad,
        buttons.skip,
        buttons.next,
    ]
    return {
        screen.asked: EMPTY,
        screen.details.fold: gr.update(visible=False),
        **{card.column: gr.update(visible=False) for card in screen.cards},
        **{button: gr.update(visible=HIDDEN) for button in hidden},
        buttons.undo: gr.update(visible=seen(undo)),
    }


def _card(screen: Screen, i: int, comparison: Comparison, aliases: Mapping[str, str]) -> Updates:
    card, n = screen.cards[i], len(comparison.candidates)
    if i >= n:
        return {card.column: gr.update(visible=False)}
    choosing = n > 2 and comparison.status in (ComparisonStatus.open, ComparisonStatus.generating)
    return {
        card.column: gr.update(visible=True, elem_classes=card_classes(comparison, i)),
        card.head: card_head(comparison, i, aliases),
        card.place: gr.update(
            choices=list(range(1, n + 1)),
            value=None,
            visible=choosing,
            interactive=comparison.status == ComparisonStatus.open,
        ),
    }


def _buttons(screen: Screen, comparison: Comparison, undo: bool) -> Updates:
    buttons, status = screen.verdicts, comparison.status
    asking = status in (ComparisonStatus.open, ComparisonStatus.generating)
    ready, two = status == ComparisonStatus.open, len(comparison.candidates) == 2
    return {
        buttons.first: gr.update(visible=seen(asking and two), interactive=ready),
        buttons.second: gr.update(visible=seen(asking and two), interactive=ready),
        buttons.submit: gr.update(visible=seen(asking and not two), interactive=ready),
        buttons.tie: gr.update(visible=seen(asking), interactive=ready, value="Tie" if two else "All equal"),
        buttons.all_bad: gr.update(visible=seen(asking), interactive=ready),
        buttons.skip: gr.update(visible=seen(asking)),
        buttons.next: gr.update(visible=seen(not asking)),
        buttons.undo: gr.update(visible=seen(undo or status == ComparisonStatus.ranked)),
    }


def _details(screen: Screen, comparison: Comparison) -> Updates:
    """Empty for a fresh comparison; left as they are once it is ranked."""
    details = screen.details
    ranked = comparison.status == ComparisonStatus.ranked
    shown: Updates = {
        details.fold: gr.update(visible=comparison.status != ComparisonStatus.failed),
        details.save: gr.update(visible=seen(ranked)),
    }
    if comparison.ranking is None and comparison.status != ComparisonStatus.generating:
        return shown | {details.aspects: [], details.note: "", details.edit: ""}
    return shown
