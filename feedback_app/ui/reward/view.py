"""A trained reward model as the page shows it. Pure."""

from collections.abc import Sequence
from html import escape

import pandas as pd

from alignment.contract.manifests.reward import Bucket, Repeats, RewardEvaluation
from feedback_app.domain.counts import span
from feedback_app.services.reward.reward_hacking import WatchPoint
from feedback_app.services.reward.reward_models import RewardModel, Watched
from feedback_app.ui.rounds.view import moment
from feedback_app.ui.shared.text import alert

EMPTY = (
    '<div class="empty"><p class="empty-title">No reward model yet</p><p>Train one on the <a href="rounds">Rounds page</a> (under '
    "Advanced) or with <code>codelynn reward train</code>. It learns which replies you prefer.</p></div>"
)


def facts(model: RewardModel) -> str:
    """Name, age, pairs, and what it is worth, as HTML."""
    record = model.evaluation
    rows = [
        ("Trained", moment(model.created_at)),
        ("Pairs trained on", f"{record.pairs:,}"),
        ("Right on held-out pairs", _accuracy(record)),
        ("Your agreement with yourself", _repeats(record.repeats)),
        ("Calibration error", _number(record.ece, "{:.3f}")),
        ("Correlation with length", _number(record.length_correlation, "{:.2f}")),
    ]
    if record.training_kept is not None:  # early versions kept all of it and did not say so
        rows.append(("Share of the training kept", _kept(record.training_kept)))
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f'<p class="about"><strong>{escape(model.name)}</strong></p><dl class="facts">{listed}</dl>'


def _accuracy(record: RewardEvaluation) -> str:
    if record.accuracy is None:
        return "not known yet"
    interval = f"{record.accuracy_low:.0%} to {record.accuracy_high:.0%}"
    return f'{record.accuracy:.0%} <span class="quiet">{interval}, {record.heldout_pairs} pairs</span>'


def _repeats(found: Repeats | None) -> str:
    """The owner's agreement with earlier verdicts of the same pairs."""
    if not found:
        return "not known yet"
    interval = f"{found.low:.0%} to {found.high:.0%}"
    return f'{found.agreed / found.pairs:.0%} <span class="quiet">{interval}, {found.pairs} pairs</span>'


def _kept(share: float) -> str:
    """How far the weights went from what was known without training them."""
    why = (
        "what helped on replies that it was not trained on"
        if share
        else "training did not help on other replies"
    )
    return f'{share:.0%} <span class="quiet">{why}</span>'


def _number(value: float | None, form: str) -> str:
    return "not known yet" if value is None else form.format(value)


def calibration(record: RewardEvaluation) -> pd.DataFrame:
    """Columns confidence, accuracy, what: the model's, and the diagonal that a calibrated one keeps to."""
    rows = [(bin_.confidence, bin_.accuracy, "this model") for bin_ in record.calibration]
    diagonal = [(share, share, "perfect") for share in (0.5, 1.0)] if rows else []
    return pd.DataFrame(rows + diagonal, columns=["confidence", "accuracy", "what"])


def buckets(parts: Sequence[Bucket]) -> pd.DataFrame:
    """Columns bucket, accuracy, pairs of `by_margin` or `by_length`; empty buckets are left out."""
    rows = [
        (span(part.low, part.high), part.accuracy, part.pairs)
        for part in parts
        if part.pairs and part.accuracy is not None
    ]
    return pd.DataFrame(rows, columns=["bucket", "accuracy", "pairs"])


def over_checkpoints(points: Sequence[WatchPoint]) -> pd.DataFrame:
    """Columns version (counted from 1), share, what: one line for each measure, once there are two to join."""
    if sum(point.reward is not None for point in points) < 2:
        points = ()
    rows = [
        (number, value, what)
        for number, point in enumerate(points, start=1)
        for what, value in (
            ("reward", point.reward),
            ("held-out preference", point.accuracy),
            ("arena", point.arena),
        )
        if value is not None
    ]
    return pd.DataFrame(rows, columns=["version", "share", "what"])


def alarms_html(watched: Watched) -> str:
    """The alarms, or that there are none."""
    head = '<h2 class="section">Reward over versions</h2>'
    if watched.alarms:
        return head + "".join(alert(alarm) for alarm in watched.alarms)
    if not any(point.reward is not None for point in watched.points):
        return f'{head}<p class="quiet">No version was checked by a reward model yet.</p>'
    low, high = watched.lengths
    return (
        f'{head}<p class="quiet">No problem found: reward and preference rise and fall together, and replies keep their length '
        f"(limit, as in the quality checks: {low:g} to {high:g} times the base model's).</p>"
    )
