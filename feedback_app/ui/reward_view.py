"""A trained reward model as the page shows it. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from feedback_app.domain.words import span
from feedback_app.services.reward_watch import WatchPoint
from feedback_app.services.rewards import RewardModel, Watched
from feedback_app.ui.rounds_view import moment
from feedback_app.ui.text import alert

EMPTY = (
    '<div class="empty"><p class="empty-title">No reward model yet</p><p>Train one on the Rounds page, or with '
    "<code>codelynn reward train</code>: it learns which replies you prefer, and says how sure it is.</p></div>"
)


def facts(model: RewardModel) -> str:
    """Name, age, pairs, and what it is worth, as HTML."""
    record = model.evaluation
    rows = [
        ("Trained", moment(model.created_at)),
        ("Pairs learned from", f"{record.get('pairs', 0):,}"),
        ("Right on held-out pairs", _accuracy(record)),
        ("You, asked a second time", _repeats(record.get("repeats"))),
        ("Calibration error", _number(record.get("ece"), "{:.3f}")),
        ("Correlation with length", _number(record.get("length_correlation"), "{:.2f}")),
    ]
    if "training_kept" in record:  # not in manifests before there was a choice
        rows.append(("Kept of its training", _kept(record["training_kept"])))
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)
    return f'<p class="about"><strong>{escape(model.name)}</strong></p><dl class="facts">{listed}</dl>'


def _accuracy(record: Mapping[str, Any]) -> str:
    if record.get("accuracy") is None:
        return "not known yet"
    interval = f"{record['accuracy_low']:.0%} to {record['accuracy_high']:.0%}"
    return f'{record["accuracy"]:.0%} <span class="quiet">{interval}, {record["heldout_pairs"]} pairs</span>'


def _repeats(found: Mapping[str, float] | None) -> str:
    """The owner's agreement with earlier verdicts of the same pairs."""
    if not found:
        return "not known yet"
    interval = f"{found['low']:.0%} to {found['high']:.0%}"
    return f'{found["agreed"] / found["pairs"]:.0%} <span class="quiet">{interval}, {found["pairs"]:.0f} pairs</span>'


def _kept(share: float) -> str:
    """How far the weights went from what was known without training them."""
    why = (
        "as much as held for replies that it had not learned from"
        if share
        else "it held for no other replies"
    )
    return f'{share:.0%} <span class="quiet">{why}</span>'


def _number(value: float | None, form: str) -> str:
    return "not known yet" if value is None else form.format(value)


def calibration(record: Mapping[str, Any]) -> pd.DataFrame:
    """Columns confidence, accuracy, what: the model's, and the diagonal that a calibrated one keeps to."""
    rows = [(bin_["confidence"], bin_["accuracy"], "this model") for bin_ in record.get("calibration") or []]
    diagonal = [(share, share, "perfect") for share in (0.5, 1.0)] if rows else []
    return pd.DataFrame(rows + diagonal, columns=["confidence", "accuracy", "what"])


def buckets(record: Mapping[str, Any], key: str) -> pd.DataFrame:
    """Columns bucket, accuracy, pairs of `by_margin` or `by_length`; empty buckets are left out."""
    rows = [
        (span(part["low"], part["high"]), part["accuracy"], part["pairs"])
        for part in record.get(key) or []
        if part["pairs"] and part["accuracy"] is not None
    ]
    return pd.DataFrame(rows, columns=["bucket", "accuracy", "pairs"])


def over_checkpoints(points: Sequence[WatchPoint]) -> pd.DataFrame:
    """Columns checkpoint (counted from 1), share, what: one line for each measure, once there are two to join."""
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
    return pd.DataFrame(rows, columns=["checkpoint", "share", "what"])


def alarms_html(watched: Watched) -> str:
    """The alarms, or that there are none."""
    head = '<h2 class="section">Reward over checkpoints</h2>'
    if watched.alarms:
        return head + "".join(alert(alarm) for alarm in watched.alarms)
    if not any(point.reward is not None for point in watched.points):
        return f'{head}<p class="quiet">No checkpoint was judged by a reward model yet.</p>'
    return f'{head}<p class="quiet">Reward and preference go together, and replies keep their length.</p>'
