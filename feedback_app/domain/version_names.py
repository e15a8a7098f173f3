"""Names of model versions as people read them: "version 3, yesterday, shorter". Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from alignment.contract.manifests.checkpoint import CheckpointManifest
from alignment.contract.manifests.gate import ToneEvidence
from feedback_app.domain.damage import damaged
from feedback_app.domain.round import Checkpoint

ALIAS_WORDS = {
    "latest": "in use",
    "challenger": "being tested",
    "champion": "best tested",
    "previous": "previous",
}
"""What each alias says of its version."""


def numbered(checkpoints: Iterable[Checkpoint]) -> dict[str, int]:
    """Checkpoint names with their numbers: 1 for the first that was made."""
    oldest_first = sorted(checkpoints, key=lambda item: (item.created_at, item.name))
    return {item.name: number for number, item in enumerate(oldest_first, start=1)}


def called(name: str, numbers: Mapping[str, int]) -> str:
    """`version 3`, or `the base model`."""
    if name == "base":
        return "the base model"
    return f"version {numbers[name]}" if name in numbers else name


def roles(name: str, aliases: Mapping[str, str]) -> list[str]:
    """What a version is used for now, such as `in use`; `base` is only ever in use or previous."""
    shown = ("latest", "previous") if name == "base" else ALIAS_WORDS
    return [ALIAS_WORDS[alias] for alias in shown if aliases.get(alias) == name]


SHORTER, LONGER = 0.87, 1.15
"""Mean reply length against the version in use before, from which on the difference is named."""
EVEN = 0.5
DAYS_AGO = 7
"""Days after which a date is given instead of a count of days."""


def short_name(name: str, checkpoints: Sequence[Checkpoint]) -> str:
    """`version 3`, counted by creation; `base model`; the name itself where no checkpoint has it."""
    return called(name, numbered(checkpoints)).removeprefix("the ")


def version_name(name: str, checkpoints: Sequence[Checkpoint], now: datetime) -> str:
    """`version 3, yesterday, shorter and closer to your votes`: number, age and what its quality checks measured.

    Days are counted in the time zone of `now`, which must have one.
    """
    checkpoint = next((one for one in checkpoints if one.name == name), None)
    if checkpoint is None:
        return short_name(name, checkpoints)
    parts = (
        short_name(name, checkpoints),
        day(checkpoint.created_at, now),
        _listed(traits(CheckpointManifest.from_record(checkpoint.manifest))),
    )
    return ", ".join(filter(None, parts))


def day(moment: datetime, now: datetime) -> str:
    """`today`, `yesterday`, `3 days ago`, `5 March`, and with its year where that is another; nothing of a date that is damaged."""
    if damaged([moment]):
        return ""
    then = moment.astimezone(now.tzinfo)
    days = (now.date() - then.date()).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    if days < DAYS_AGO:
        return f"{days} days ago"
    return f"{then.day} {then:%B}" + (f" {then.year}" if then.year != now.year else "")


def traits(manifest: CheckpointManifest) -> list[str]:
    """How it differs from the version in use before it, as far as its quality checks measured that."""
    evidence = manifest.gate.evidence
    traits_ = [_length(evidence.length_ratio), _tone(evidence.tone)]
    if _above(evidence.accuracy_low):
        traits_.append("closer to your votes")
    elif evidence.reward and _above(evidence.reward.low):
        traits_.append("preferred by the reward model")
    return [trait for trait in traits_ if trait]


def _length(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return "shorter" if ratio <= SHORTER else "longer" if ratio >= LONGER else ""


def _tone(tone: ToneEvidence | None) -> str:
    """Only where the whole interval lies on one side of an even chance."""
    if tone is None:
        return ""
    if _above(tone.low):
        return "warmer"
    return "cooler" if tone.high < EVEN else ""


def _listed(words: Sequence[str]) -> str:
    """`shorter, warmer and closer to your votes`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _above(low: float | None) -> bool:
    """Whether the lower end of an interval is above an even chance."""
    return low is not None and low > EVEN
