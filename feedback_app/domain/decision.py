"""The decision of a round's quality checks in words, for the pages and the command line. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alignment.contract.manifests.gate import GateRecord

MARKS = {True: "✓", False: "✗", None: "–"}
TITLES = {
    True: "Promoted: passed the quality checks",
    False: "Held back: did not pass the quality checks",
}
REWARD_TITLES = {
    True: "Reward model trained: the quality checks use it from now on",
    False: "Reward model trained, but not used",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion in one line with its limit. `passed` is None where it did not count."""

    passed: bool | None
    words: str

    @property
    def line(self) -> str:
        """`✓ 5 of 5 held-out pairs agree (limit: at least 50%)`."""
        return f"{MARKS[self.passed]} {self.words}"


def title(decision: Mapping[str, Any], method: str = "dpo") -> str:
    """The decision in a few words."""
    return (REWARD_TITLES if method == "reward" else TITLES)[_stored(decision).decision.promote]


def checks(decision: Mapping[str, Any] | None) -> list[Check]:
    """The checks of a stored decision. Early versions stored lines of text, which are translated."""
    stored = _stored(decision).decision
    if stored.old_reasons:
        return [_translated(reason, stored.promote) for reason in stored.old_reasons]
    return [Check(check.passed, check.words) for check in stored.checks]


def headline(decision: Mapping[str, Any] | None) -> str:
    """The most important check: one that failed, else the one on held-out pairs. Empty without a decision."""
    known = checks(decision)
    failed = [check for check in known if check.passed is False]
    heldout = [check for check in known if "held-out" in check.words]
    return next((check.words for check in [*failed, *heldout]), "")


def update_strength(decision: Mapping[str, Any] | None) -> str:
    """`Update strength: 1.19×`; empty where the update was not scaled."""
    scale = _stored(decision).evidence.scale
    return f"Update strength: {scale:.2f}×" if scale and scale != 1 else ""


def _stored(decision: Mapping[str, Any] | None) -> GateRecord:
    return GateRecord.from_record(decision or {})


NUMBER = r"([-+.\w]+)"
OLD: tuple[tuple[str, str], ...] = (
    (r"Training changed the adapter\.", r"The model changed"),
    (r"Training changed nothing: same adapter\.", r"The model did not change: it learned nothing"),
    (r"No held-out pairs yet, so accuracy does not count\.", r"No held-out pairs yet: not checked"),
    (
        r"(\d+ of \d+) held-out pairs agree with the owner \(.*\)(?:, which.*?the|; .*?) (\d+%) needed\.",
        r"\1 held-out pairs agree (limit: at least \2)",
    ),
    (
        rf"Mean KL from the base is {NUMBER} nats per reply, .*limit of {NUMBER}\.",
        r"Distance from the base model (KL): \1 nats per reply (limit: at most \2)",
    ),
    (
        rf"Replies are {NUMBER} times as long as the champion's; allowed is (.+)\.",
        r"Reply length: \1 times the reference version's (limit: \2)",
    ),
    (
        rf"Perplexity on the fixed pack is {NUMBER} times the base's, .*limit of {NUMBER}\.",
        r"Perplexity on general text: \1 times the base model's (limit: at most \2)",
    ),
    (
        rf"Replies have a negative log-likelihood of {NUMBER} nats per token under the base, .*limit of {NUMBER}\.",
        r"Unusual language: \1 nats per token under the base model (limit: at most \2)",
    ),
    (
        r"The reward model prefers the candidate's reply to (.*) prompts \((.*)\), .*\.",
        r"The reward model prefers the new version's reply to \1 prompts (\2)",
    ),
)
"""Lines that earlier versions of codeLynn stored, and the words of today."""
OLD_FAILURES = re.compile(
    r"changed nothing|above the limit|not the \d|clearly|could not be measured|no better"
)
OLD_UNCOUNTED = re.compile(r"does not count|may still be")


def _translated(reason: str, promoted: bool) -> Check:
    for old, new in OLD:
        if match := re.fullmatch(old, reason):
            return Check(_passed_then(reason, promoted), match.expand(new))
    return Check(_passed_then(reason, promoted), reason)


def _passed_then(reason: str, promoted: bool) -> bool | None:
    """Whether the words say that the check passed. The line about length does not say it, so its numbers are compared."""
    if ratio := re.fullmatch(r"Replies are ([.\d]+) times .* allowed is ([.\d]+) to ([.\d]+)\.", reason):
        return float(ratio[2]) <= float(ratio[1]) <= float(ratio[3])
    counted = re.match(r"(\d+) of (\d+) held-out pairs .* (\d+)% needed\.", reason)
    if counted and 100 * int(counted[1]) >= int(counted[3]) * int(counted[2]):
        return True
    if "not clearly" not in reason and OLD_FAILURES.search(reason):
        return False
    if OLD_UNCOUNTED.search(reason):
        return None
    return True if promoted or any(re.fullmatch(old, reason) for old, _ in OLD) else None
