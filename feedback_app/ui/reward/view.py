"""The live and the trained reward model as the page shows them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from alignment.contract.manifests.reward import Bucket, Repeats, RewardEvaluation
from feedback_app.domain.counts import span
from feedback_app.services.arena.repeats import SelfAgreement
from feedback_app.services.reward.guess_calibration import RECENT, GuessAccuracy
from feedback_app.services.reward.live_reward import LiveState
from feedback_app.services.reward.reward_hacking import WatchPoint
from feedback_app.services.reward.reward_models import RewardHackingReport, RewardModel
from feedback_app.ui.rounds.view import moment
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import alert, count, quiet, section

POINTS = 400
"""The most points of a curve that are drawn."""
UNKNOWN = "not known yet"


# The live reward model


def live_state(state: LiveState) -> Markup:
    """How many votes the model has learned from. Empty while the model is off."""
    if not state.on:
        return Markup()
    if not state.ready:
        return _failures(state) if state.failed else quiet("Getting ready…")
    behind = f" · catching up, {state.waiting:,} to go" if state.waiting else ""
    return quiet(f"Learned from {count(state.votes, 'vote')}{behind}") + _failures(state)


def _failures(state: LiveState) -> Markup:
    if not state.failed:
        return Markup()
    return alert(f"{count(state.failed, 'step')} of the live reward model failed: see the service's log.")


def live_summary(state: LiveState, known: GuessAccuracy, repeats: SelfAgreement) -> Markup:
    """How often the guesses were right, by kind of pair, how often the owner agrees with themselves, and the calibration."""
    if not known.overall.trials:
        return render("reward/no_guesses.html") if state.on else render("reward/live_off.html")
    rows = [
        (f"The last {RECENT}", known.recent),
        ("All", known.overall),
        ("Pairs drawn at random", known.drawn),
        ("Most informative pairs", known.chosen),
        ("Your own choice, when a pair is repeated", repeats.same),
    ]
    ties = count(known.ties + repeats.ties, "tie")
    caption = (
        f"Guesses made before you voted on two replies; {ties} not counted. "
        "No model can be right more often than you agree with yourself."
    )
    table = render("reward/shares.html", first_head="Guesses", caption=caption, rows=rows)
    return table + _live_calibration_table(known)


def _live_calibration_table(known: GuessAccuracy) -> Markup:
    """The confidence of the guesses, and how often they were right."""
    if known.error is None:
        return Markup()
    caption = (
        f"Confidence of the guesses, and how often they were right. Expected calibration error: {known.error:.3f} "
        "(0 is best: of the guesses with 70 % confidence, 70 % are right)."
    )
    rows = [(f"{part.low:.0%} to {part.high:.0%}", part.right) for part in known.bins]
    return render("reward/shares.html", first_head="Confidence", caption=caption, rows=rows)


def live_curves(known: GuessAccuracy) -> pd.DataFrame:
    """Columns guesses, accuracy, over: two lines, thinned out where there are many points."""
    step = max(1, len(known.curve) // POINTS)
    kept = known.curve[::-1][::step][::-1]
    recent = [(point.votes, point.recent, f"the last {RECENT}") for point in kept]
    overall = [(point.votes, point.overall, "all") for point in kept]
    return pd.DataFrame(recent + overall, columns=["guesses", "accuracy", "over"])


def live_calibration(known: GuessAccuracy) -> pd.DataFrame:
    """Columns confidence, share, line: how often the guesses of each confidence were right, and the ideal."""
    right = [(part.confidence, part.right.value, "guesses") for part in known.bins]
    return pd.DataFrame(
        [*right, (0.5, 0.5, "ideal"), (1.0, 1.0, "ideal")],
        columns=["confidence", "share", "line"],
    )


# The trained reward model


@dataclass(frozen=True, slots=True)
class Fact:
    """A name with its value, and with a detail such as an interval."""

    name: str
    value: str
    detail: str = ""


def no_reward_model() -> Markup:
    """How to train the first one."""
    return render("reward/no_reward_model.html")


def facts(model: RewardModel) -> Markup:
    """Name, age, number of pairs and the evaluation of a reward model."""
    record = model.evaluation
    rows = [
        Fact("Trained", moment(model.created_at)),
        Fact("Pairs trained on", f"{record.pairs:,}"),
        _accuracy(record),
        _self_agreement(record.repeats),
        Fact("Calibration error", _number(record.ece, "{:.3f}")),
        Fact("Correlation with length", _number(record.length_correlation, "{:.2f}")),
    ]
    if record.training_kept is not None:  # older manifests do not have it
        rows.append(_training_kept(record.training_kept))
    return render("reward/facts.html", name=model.name, facts=rows)


def _accuracy(record: RewardEvaluation) -> Fact:
    name = "Right on held-out pairs"
    if record.accuracy is None:
        return Fact(name, UNKNOWN)
    interval = f"{record.accuracy_low:.0%} to {record.accuracy_high:.0%}"
    return Fact(name, f"{record.accuracy:.0%}", f"{interval}, {record.heldout_pairs} pairs")


def _self_agreement(repeats: Repeats | None) -> Fact:
    """How often the owner made the same choice when a pair was repeated."""
    name = "Your agreement with yourself"
    if not repeats:
        return Fact(name, UNKNOWN)
    interval = f"{repeats.low:.0%} to {repeats.high:.0%}"
    return Fact(name, f"{repeats.agreed / repeats.pairs:.0%}", f"{interval}, {repeats.pairs} pairs")


def _training_kept(share: float) -> Fact:
    """The weights lie between those before and after the training: how far they went."""
    why = (
        "what helped on replies that it was not trained on"
        if share
        else "training did not help on other replies"
    )
    return Fact("Share of the training kept", f"{share:.0%}", why)


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else form.format(value)


def evaluation_frames(record: RewardEvaluation) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The plots of an evaluation: calibration, accuracy by margin, accuracy by length."""
    return trained_calibration(record), buckets(record.by_margin), buckets(record.by_length)


def trained_calibration(record: RewardEvaluation) -> pd.DataFrame:
    """Columns confidence, accuracy, what: the model, and the diagonal of a perfectly calibrated one."""
    rows = [(part.confidence, part.accuracy, "this model") for part in record.calibration]
    diagonal = [(share, share, "perfect") for share in (0.5, 1.0)] if rows else []
    return pd.DataFrame(rows + diagonal, columns=["confidence", "accuracy", "what"])


def buckets(parts: Sequence[Bucket]) -> pd.DataFrame:
    """Columns bucket, accuracy, pairs of `by_margin` or `by_length`; without empty buckets."""
    rows = [
        (span(part.low, part.high), part.accuracy, part.pairs)
        for part in parts
        if part.pairs and part.accuracy is not None
    ]
    return pd.DataFrame(rows, columns=["bucket", "accuracy", "pairs"])


def over_checkpoints(points: Sequence[WatchPoint]) -> pd.DataFrame:
    """Columns version (counted from 1), share, what: a line for each measure. Empty for fewer than two rewards."""
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


def alarms_html(watched: RewardHackingReport) -> Markup:
    """The alarms for reward hacking, or that there are none."""
    head = section("Reward over versions")
    if watched.alarms:
        return head + Markup().join(map(alert, watched.alarms))
    if not any(point.reward is not None for point in watched.points):
        return head + quiet("No version was checked by a reward model yet.")
    low, high = watched.lengths
    return head + quiet(
        "No problem found: reward and preference rise and fall together, and replies keep their length "
        f"(limit, as in the quality checks: {low:g} to {high:g} times the base model's)."
    )
