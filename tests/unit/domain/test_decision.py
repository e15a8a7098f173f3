"""A stored decision reads plainly, also one that an earlier version of codeLynn stored."""

from dataclasses import replace

import pytest

from alignment.contract.manifests.gate import RewardEvidence
from alignment.contract.thresholds import Thresholds
from alignment.gate.decision import Evidence, decide
from feedback_app.domain.decision import checks, headline, title, update_strength

EVIDENCE = Evidence(
    adapter_changed=True,
    heldout_pairs=5,
    heldout_correct=5,
    kl=12.0,
    length_ratio=0.9,
    perplexity_ratio=1.02,
    nll=2.1,
    usual_nll=2.0,
    reward=RewardEvidence(24, 0.3, 0.2, 0.6, -0.4),
)
OLD = [
    ("Training changed the adapter.", "✓ The model changed"),
    ("Training changed nothing: same adapter.", "✗ The model did not change: it learned nothing"),
    ("No held-out pairs yet, so accuracy does not count.", "– No held-out pairs yet: not checked"),
    (
        "5 of 5 held-out pairs agree with the owner (95 % interval 57% to 100%), which may still be the 50% needed.",
        "✓ 5 of 5 held-out pairs agree (limit: at least 50%)",
    ),
    (
        "2 of 6 held-out pairs agree with the owner (95 % interval 10% to 70%), which may still be the 50% needed.",
        "– 2 of 6 held-out pairs agree (limit: at least 50%)",
    ),
    (
        "19 of 40 held-out pairs agree with the owner (95 % interval 33% to 62%); not the 50% needed.",
        "✗ 19 of 40 held-out pairs agree (limit: at least 50%)",
    ),
    (
        "30 of 40 held-out pairs agree with the owner (95 % interval 60% to 86%); at least 50% needed.",
        "✓ 30 of 40 held-out pairs agree (limit: at least 50%)",
    ),
    (
        "Mean KL from the base is 60.1 nats per reply, above the limit of 60.0.",
        "✗ Distance from the base model (KL): 60.1 nats per reply (limit: at most 60.0)",
    ),
    (
        "Replies are 0.90 times as long as the champion's; allowed is 0.1 to 3.",
        "✓ Reply length: 0.90 times the reference version's (limit: 0.1 to 3)",
    ),
    (
        "Replies are 3.10 times as long as the champion's; allowed is 0.1 to 3.",
        "✗ Reply length: 3.10 times the reference version's (limit: 0.1 to 3)",
    ),
    (
        "Perplexity on the fixed pack is 1.020 times the base's, within the limit of 1.100.",
        "✓ Perplexity on general text: 1.020 times the base model's (limit: at most 1.100)",
    ),
    (
        "Replies have a negative log-likelihood of 2.41 nats per token under the base, above the limit of 2.40.",
        "✗ Unusual language: 2.41 nats per token under the base model (limit: at most 2.40)",
    ),
    (
        "The reward model prefers the candidate's reply to 30% of 24 prompts (95 % interval 20% to 50%), "
        "not clearly fewer than the champion's.",
        "✓ The reward model prefers the new version's reply to 30% of 24 prompts (95 % interval 20% to 50%)",
    ),
    ("Something else.", "– Something else."),
]


@pytest.mark.parametrize(("stored", "line"), OLD)
def test_a_line_of_an_earlier_version_is_told_in_todays_words(stored: str, line: str) -> None:
    (check,) = checks({"promote": False, "reasons": [stored]})
    assert check.line == line


def test_what_the_gate_writes_is_what_is_shown() -> None:
    decided = decide(EVIDENCE, Thresholds())
    record = decided.record()
    assert [check.words for check in checks(record)] == list(decided.reasons)
    assert [check.line for check in checks(record)][
        1
    ] == "✓ 5 of 5 held-out pairs agree (limit: at least 50%)"
    assert title(record) == "Promoted: passed the quality checks"
    assert headline(record) == "5 of 5 held-out pairs agree (limit: at least 50%)"


def test_the_headline_of_a_version_that_was_held_back_is_what_failed() -> None:
    record = decide(replace(EVIDENCE, kl=70.0), Thresholds()).record()
    assert title(record) == "Held back: did not pass the quality checks"
    assert headline(record).startswith("Distance from the base model (KL): 70.0")


def test_every_limit_is_the_one_that_was_decided_by() -> None:
    limits = Thresholds(max_kl=42.5, max_length_ratio=2.5, max_perplexity_ratio=1.25, min_accuracy=0.6)
    told = " ".join(decide(EVIDENCE, limits).reasons)
    for words in ("at most 42.5", "0.2 to 2.5", "at most 1.250", "at least 60%"):
        assert words in told


def test_an_update_that_was_scaled_says_how_strong_it_is() -> None:
    assert update_strength({"evidence": {"scale": 1.19}}) == "Update strength: 1.19×"
    assert update_strength({"evidence": {"scale": 1.0}}) == update_strength(None) == ""
    assert checks(None) == []
