"""How far the next round is, as the arena and the Rounds page show it. Pure."""

from markupsafe import Markup

from feedback_app.services.rounds.readiness import Readiness, readiness_text
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import count


def readiness_line(now: Readiness) -> Markup:
    """One line for the arena: the votes so far, and what to do next, with a link to the Rounds page."""
    percent, votes = round(100 * now.share), count(now.decided, "vote")
    words, link = readiness_text(now), _link(now)
    return render("shared/readiness_line.html", percent=percent, votes=votes, words=words, link=link)


def _link(now: Readiness) -> str:
    """The text of the link to the Rounds page. Empty while there is nothing to do there."""
    if now.running:
        return "See how far it is"
    return "Train a new version" if now.ready and not now.up_to_date else ""


def readiness_summary(now: Readiness) -> Markup:
    """The pairs to train on and what is missing, for the Rounds page."""
    return render(
        "shared/readiness_summary.html",
        state=_state(now),
        words=readiness_text(now),
        pairs=count(now.pairs, "pair"),
        min_pairs=f"{now.min_pairs:,}",
        ready=now.ready,
    )


def _state(now: Readiness) -> str:
    if now.running:
        return "Training"
    if not now.ready:
        return "Not yet"
    return "Up to date" if now.up_to_date else "Ready"
