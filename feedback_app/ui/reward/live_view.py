"""What the page says about the live reward model. Pure."""

import pandas as pd

from feedback_app.services.arena.repeats import SelfAgreement
from feedback_app.services.reward.guess_calibration import RECENT, GuessAccuracy
from feedback_app.services.reward.live_reward import LiveState
from feedback_app.services.shares import Share
from feedback_app.ui.shared.text import count

OFF = (
    '<div class="empty"><p class="empty-title">The live reward model is off</p>'
    "<p>Set <code>CODELYNN_LIVE_REWARD=true</code> and restart to have your votes guessed.</p></div>"
)
EMPTY = (
    '<div class="empty"><p class="empty-title">No guesses yet</p><p>Vote in the <a href="./">arena</a>. From your second vote '
    "on I guess each vote before you give it, and show here how often I was right.</p></div>"
)
HEADS = ("Guesses", "Right", "95 % interval", "Number")
POINTS = 400
"""Most points of a curve that are drawn."""


def state_line(state: LiveState) -> str:
    """How far it is, as HTML."""
    if not state.on:
        return ""
    if not state.ready:
        return '<p class="quiet">Getting ready…</p>' if not state.failed else _failed(state)
    behind = f" · catching up, {state.waiting:,} to go" if state.waiting else ""
    return f'<p class="quiet">Learned from {count(state.votes, "vote")}{behind}</p>{_failed(state)}'


def _failed(state: LiveState) -> str:
    if not state.failed:
        return ""
    steps = count(state.failed, "step")
    return f'<p class="notice alert" role="alert">{steps} of the live reward model failed: see the service\'s log.</p>'


def summary(state: LiveState, known: GuessAccuracy, repeats: SelfAgreement) -> str:
    """Accuracy by kind of guess, agreement with oneself, and calibration, as HTML."""
    if not state.on and not known.overall.trials:
        return OFF
    if not known.overall.trials:
        return EMPTY
    rows = [
        _row(f"The last {RECENT}", known.recent),
        _row("All", known.overall),
        _row("Pairs drawn at random", known.drawn),
        _row("Most informative pairs", known.chosen),
        _row("Your own choice, when a pair is repeated", repeats.same),
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
    ties = count(known.ties + repeats.ties, "tie")
    return (
        '<div class="scroll"><table class="plain-table"><caption>Guesses made before you voted on two replies; '
        f"{ties} not counted. No model can be right more often than you agree with yourself.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{_calibrated(known)}"
    )


def _row(name: str, found: Share) -> str:
    if found.value is None:
        return f'<tr><th scope="row">{name}</th><td>–</td><td>–</td><td>0</td></tr>'
    return (
        f'<tr><th scope="row">{name}</th><td>{found.value:.0%}</td>'
        f"<td>{found.low:.0%} to {found.high:.0%}</td><td>{found.trials:,}</td></tr>"
    )


def _calibrated(known: GuessAccuracy) -> str:
    """What was said beside what came true."""
    if known.error is None:
        return ""
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Confidence", "Right", "95 % interval", "Number")
    )
    rows = "".join(_row(f"{found.low:.0%} to {found.high:.0%}", found.right) for found in known.bins)
    return (
        '<div class="scroll"><table class="plain-table"><caption>Confidence of the guesses, and how often they were right. Expected '
        f"calibration error: {known.error:.3f} (0 is best: of the guesses with 70 % confidence, 70 % are right).</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def curves(known: GuessAccuracy) -> pd.DataFrame:
    """Columns guesses, accuracy, over: two lines, thinned out where there are many points."""
    step = max(1, len(known.curve) // POINTS)
    kept = known.curve[::-1][::step][::-1]
    rows = [(p.votes, p.recent, f"the last {RECENT}") for p in kept] + [
        (p.votes, p.overall, "all") for p in kept
    ]
    return pd.DataFrame(rows, columns=["guesses", "accuracy", "over"])


def calibration(known: GuessAccuracy) -> pd.DataFrame:
    """Columns confidence, share, line: what came true at each confidence, and what should have."""
    right = [(found.confidence, found.right.value, "guesses") for found in known.bins]
    return pd.DataFrame(
        [*right, (0.5, 0.5, "ideal"), (1.0, 1.0, "ideal")],
        columns=["confidence", "share", "line"],
    )
