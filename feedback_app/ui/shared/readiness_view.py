"""How far it is to the next round, on the arena and on the Rounds page. Pure."""

from html import escape

from feedback_app.services.rounds.readiness import Readiness, readiness_text
from feedback_app.ui.shared.text import count


def readiness_line(now: Readiness) -> str:
    """One line for the arena, as HTML: what was done, and what to do next with a link there."""
    bar = f'<span class="bar" aria-hidden="true"><span style="width:{round(100 * now.share)}%"></span></span>'
    votes = count(now.decided, "vote")
    return f'<p class="progress">{bar}<span>{votes} · {_next(now)}</span></p>'


def _next(now: Readiness) -> str:
    words = escape(readiness_text(now))
    if now.running:
        return f'{words}. <a id="to-training" href="rounds">See how far it is</a>'
    if not now.ready or now.up_to_date:
        return words
    return f'{words}. <a id="to-training" href="rounds">Train a new version</a>'


def supply(now: Readiness) -> str:
    """The same on the Rounds page, where the button is; in HTML."""
    waiting = "Up to date" if now.up_to_date else "Ready"
    state = "Training" if now.running else waiting if now.ready else "Not yet"
    more = (
        ""
        if now.ready
        else ' <a href="./">Rank replies in the arena</a>, or <a href="data">import a dataset</a>.'
    )
    pairs = f"{count(now.pairs, 'pair')} to train on; a round needs at least {now.min_pairs:,}."
    return (
        f'<p class="about"><span class="badge">{state}</span> <strong>{escape(readiness_text(now))}</strong></p>'
        f'<p class="quiet">{pairs}{more} Some prompts are held out to test the new version.</p>'
    )
