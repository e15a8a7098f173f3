"""How the annotation desks do, and whether annotators agree, as the Data page tells it. Pure."""

from collections.abc import Sequence
from html import escape

from feedback_app.services.annotation.agreement import Agreement
from feedback_app.services.annotation.desks import DeskStatus
from feedback_app.ui.shared.text import count

MOOD_WORDS = {"away": "not reachable", "catching up": "syncing"}


def desks_html(desks: Sequence[DeskStatus]) -> str:
    """How each annotation desk does: connected, syncing (n waiting), not reachable."""
    if not desks:
        return '<p class="quiet">No annotation tool is connected. <code>codelynn up</code> starts Argilla; Label Studio is connected with <code>CODELYNN_LABEL_STUDIO_URL</code>.</p>'
    return "".join(map(_desk, desks))


def _desk(desk: DeskStatus) -> str:
    left = f" ({desk.left:,} waiting to sync)" if desk.left else ""
    refused = f", {desk.refused:,} refused" if desk.refused else ""
    reason = f'<br><span class="quiet">{escape(desk.reason)}</span>' if desk.reason else ""
    problems = "".join(f"<li>{escape(problem)}</li>" for problem in desk.problems)
    listed = f'<ul class="bad-lines">{problems}</ul>' if problems else ""
    return (
        f'<div class="desk" data-mood="{desk.mood}"><span class="badge">{escape(desk.name)}</span> '
        f"<strong>{MOOD_WORDS.get(desk.mood, desk.mood)}</strong>{left}{refused}{reason}{listed}</div>"
    )


def agreement_html(found: Agreement) -> str:
    """Who ranked how much, and whether they agree."""
    if len(found.rankings) < 2:
        return '<p class="quiet">One annotator so far. Others can rank in Argilla: <code>codelynn argilla users add NAME</code>.</p>'
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{n:,}</td></tr>" for name, n in found.rankings.items())
    head = "<thead><tr><th>Annotator</th><th>Rankings</th></tr></thead>"
    table = f'<table class="plain-table">{head}<tbody>{rows}</tbody></table>'
    if found.alpha is None:
        told = "No comparison was ranked by two annotators yet."
    else:
        told = (
            f"Krippendorff's alpha <strong>{found.alpha:.2f}</strong> over {count(found.pairs, 'pair')} of replies in "
            f"{count(found.comparisons, 'comparison')} that two or more ranked. 1 is full agreement, 0 is chance."
        )
    return f'<p>{told}</p><div class="scroll">{table}</div>'
