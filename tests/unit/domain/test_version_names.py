"""Model versions get names that one can say."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from alignment.contract.manifests.checkpoint import CheckpointManifest
from feedback_app.domain.round import Checkpoint
from feedback_app.domain.version_names import short_name, traits, version_name

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def made(name: str, ago: timedelta, **evidence: Any) -> Checkpoint:
    return Checkpoint(name, "nowhere", manifest={"gate": {"evidence": evidence}}, created_at=NOW - ago)


def test_versions_are_counted_by_creation_whatever_the_order_of_the_list() -> None:
    checkpoints = [made("kto-9", timedelta(days=1)), made("dpo-1", timedelta(days=3))]
    assert [short_name(name, checkpoints) for name in ("dpo-1", "kto-9", "base", "gone")] == [
        "version 1",
        "version 2",
        "base model",
        "gone",
    ]


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(hours=2), "today"),
        (timedelta(hours=13), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=7), "21 November"),
        (timedelta(days=400), "24 October 2025"),
        (timedelta(hours=-1), "today"),  # another machine's clock
    ],
)
def test_its_age_is_said_in_days(ago: timedelta, said: str) -> None:
    assert version_name("dpo-1", [made("dpo-1", ago)], NOW) == f"version 1, {said}"


def test_days_are_those_of_the_readers_time_zone() -> None:
    evening = NOW.astimezone(timezone(timedelta(hours=13)))  # 1 o'clock on the next day
    assert version_name("dpo-1", [made("dpo-1", timedelta(hours=2))], evening) == "version 1, yesterday"


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({"length_ratio": 0.6}, ["shorter"]),
        ({"length_ratio": 1.4, "accuracy_low": 0.55}, ["longer", "closer to your votes"]),
        ({"length_ratio": 1.0, "reward": {"low": 0.6}}, ["preferred by the reward model"]),
        ({"length_ratio": 0.6, "tone": {"low": 0.6, "high": 0.9}}, ["shorter", "warmer"]),
        ({"tone": {"low": 0.1, "high": 0.4}}, ["cooler"]),
        ({"tone": {"low": 0.4, "high": 0.8}}, []),
        ({"tone": None}, []),
        ({"length_ratio": None, "accuracy_low": 0.4, "reward": None}, []),
        ({}, []),
    ],
)
def test_only_what_the_quality_checks_measured_is_said(evidence: dict[str, Any], said: list[str]) -> None:
    assert traits(CheckpointManifest.from_record({"gate": {"evidence": evidence}})) == said


def test_a_version_without_evidence_has_number_and_age() -> None:
    bare = Checkpoint("dpo-1", "nowhere", created_at=NOW)
    assert version_name("dpo-1", [bare], NOW) == "version 1, today"


def test_all_of_it_makes_one_line() -> None:
    tone = {"low": 0.6, "high": 0.9}
    warm = made("dpo-1", timedelta(days=1), length_ratio=0.7, tone=tone)
    assert version_name("dpo-1", [warm], NOW) == "version 1, yesterday, shorter and warmer"
    closer = made("dpo-1", timedelta(days=1), length_ratio=0.7, tone=tone, accuracy_low=0.6)
    assert version_name("dpo-1", [closer], NOW).endswith("shorter, warmer and closer to your votes")
    checkpoint = made("dpo-1", timedelta(days=1), length_ratio=0.7, accuracy_low=0.6)
    assert (
        version_name("dpo-1", [checkpoint], NOW) == "version 1, yesterday, shorter and closer to your votes"
    )
