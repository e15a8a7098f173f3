"""The decision of a round's quality checks and the evidence for it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from alignment.contract.files import finite
from alignment.contract.manifests.values import Record, count, items, mapping, measured, number, text


@dataclass(frozen=True, slots=True)
class Check:
    """One criterion. `words` is one line with the measurement and its limit. `passed` is None where the criterion did not count."""

    name: str
    passed: bool | None
    words: str

    @classmethod
    def from_record(cls, record: Record) -> "Check":
        passed = record.get("passed")
        return cls(text(record, "name"), passed if isinstance(passed, bool) else None, text(record, "words"))


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a candidate is promoted, with one check per criterion. Early versions stored lines of text instead of checks: those
    are `old_reasons`."""

    promote: bool = False
    checks: tuple[Check, ...] = ()
    old_reasons: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.old_reasons or tuple(check.words for check in self.checks)

    @classmethod
    def from_record(cls, record: Record) -> "Decision":
        checks = tuple(map(Check.from_record, items(record.get("checks"))))
        reasons = () if "checks" in record else tuple(map(str, record.get("reasons") or ()))
        return cls(bool(record.get("promote")), checks, reasons)

    def record(self) -> dict[str, Any]:
        """As JSON, for the round's row and the manifests."""
        checks = {} if self.old_reasons else {"checks": [asdict(check) for check in self.checks]}
        return {"promote": self.promote, "reasons": list(self.reasons), **checks}


@dataclass(frozen=True, slots=True)
class RewardEvidence:
    """What a reward model says about the replies to the same prompts: the share of prompts on which it prefers the candidate to the
    champion (a tie counts half), the 95 % Wilson interval of that share, and the candidate's mean reward minus the champion's,
    in log odds. NaN: not recorded."""

    prompts: int
    win_rate: float
    low: float
    high: float
    mean_difference: float

    @classmethod
    def from_record(cls, record: Record) -> "RewardEvidence | None":
        if not record:
            return None
        numbers = (measured(record, name) for name in ("win_rate", "low", "high", "mean_difference"))
        return cls(count(record, "prompts"), *numbers)


@dataclass(frozen=True, slots=True)
class ToneEvidence:
    """How many prompts there are on which the two versions differ in warmth, the share on which the candidate is warmer, and the
    95 % Wilson interval of that share. NaN: not recorded."""

    prompts: int
    warmer: float
    low: float
    high: float

    @classmethod
    def from_record(cls, record: Record) -> "ToneEvidence | None":
        if not record:
            return None
        return cls(count(record, "prompts"), *(measured(record, name) for name in ("warmer", "low", "high")))


MEASURED = (
    "kl", "length_ratio", "perplexity_ratio", "nll", "usual_nll", "accuracy", "accuracy_low", "accuracy_high",
    "candidate_length", "champion_length", "scale",
)  # fmt: skip
"""The plain numbers of the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEvidence:
    """What the gate measured. None: it could not be measured, or an earlier version did not record it.

    `kl` is in nats per reply, `nll` and `usual_nll` in nats per token, lengths in tokens. `perplexity` is by domain, as a share of the base
    model's. `scale` is what the update was multiplied by.
    """

    adapter_changed: bool = False
    heldout_pairs: int = 0
    heldout_correct: int = 0
    kl: float | None = None
    length_ratio: float | None = None
    perplexity_ratio: float | None = None
    nll: float | None = None
    usual_nll: float | None = None
    reward: RewardEvidence | None = None
    from_pairs: bool = True
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    candidate_length: float | None = None
    champion_length: float | None = None
    tone: ToneEvidence | None = None
    perplexity: Mapping[str, float | None] = field(default_factory=dict)
    scale: float | None = None

    @classmethod
    def from_record(cls, record: Record) -> "GateEvidence":
        perplexity = mapping(record.get("perplexity"))
        return cls(
            adapter_changed=bool(record.get("adapter_changed")),
            heldout_pairs=count(record, "heldout_pairs"),
            heldout_correct=count(record, "heldout_correct"),
            reward=RewardEvidence.from_record(mapping(record.get("reward"))),
            from_pairs=bool(record.get("from_pairs", True)),
            tone=ToneEvidence.from_record(mapping(record.get("tone"))),
            perplexity={name: number(perplexity, name) for name in perplexity},
            **{name: number(record, name) for name in MEASURED},
        )

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class GateRecord:
    """A decision with its evidence."""

    decision: Decision = field(default_factory=Decision)
    evidence: GateEvidence = field(default_factory=GateEvidence)

    @classmethod
    def from_record(cls, record: Record) -> "GateRecord":
        return cls(Decision.from_record(record), GateEvidence.from_record(mapping(record.get("evidence"))))

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.decision.record(), "evidence": self.evidence.record()}


def known(value: float | None) -> float | None:
    """The number; None in place of NaN."""
    return None if value is None or math.isnan(value) else value


def _plain(value: Any) -> Any:
    """JSON has no word for NaN and infinity: they become null."""
    match value:
        case float():
            return finite(value)
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _:
            return value
