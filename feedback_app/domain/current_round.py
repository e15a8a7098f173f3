"""Which round a page shows. Pure."""

from collections.abc import Sequence

from feedback_app.domain.round import Round, RoundState


def active(rounds: Sequence[Round]) -> Round | None:
    """The one that runs, else the one that has waited longest; `rounds` are newest first."""
    waiting = [item for item in rounds if not item.state.final]
    running = [item for item in waiting if item.state is RoundState.running]
    return running[0] if running else waiting[-1] if waiting else None


def newest_ended(rounds: Sequence[Round]) -> Round | None:
    """The one that ended last."""
    ended = [item for item in rounds if item.state.final]
    return max(ended, key=lambda item: item.finished_at or item.created_at, default=None)


def that_matters(rounds: Sequence[Round]) -> Round | None:
    """What a page shows first: a running round, else one that waits, else the one that ended last."""
    return active(rounds) or newest_ended(rounds)
