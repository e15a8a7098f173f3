"""Which round a page shows first, and what a notice tells of one that ended."""

from datetime import UTC, datetime, timedelta

from feedback_app.domain.current_round import active, newest_ended, that_matters
from feedback_app.domain.round import Checkpoint, Round, RoundState
from feedback_app.domain.version_names import called, numbered, roles
from feedback_app.ui.rounds.routes import news

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def made(name: str, state: RoundState, created: int, finished: int | None = None, **more: object) -> Round:
    at = NOW + timedelta(minutes=finished) if finished is not None else None
    return Round(id=name, state=state, created_at=NOW + timedelta(minutes=created), finished_at=at, **more)  # type: ignore[arg-type]


RUNNING = made("running", RoundState.running, 3)
FIRST, SECOND = made("first", RoundState.queued, 4), made("second", RoundState.queued, 5)
EARLY = made("early", RoundState.promoted, 0, 2)
LATE = made("late", RoundState.failed, 1, 9)


def test_a_running_round_comes_first_then_the_one_that_waits_longest() -> None:
    assert that_matters([SECOND, FIRST, RUNNING, LATE]) is RUNNING
    assert that_matters([SECOND, FIRST, LATE]) is FIRST


def test_without_one_under_way_it_is_the_one_that_ended_last_not_the_one_queued_last() -> None:
    queued_later = made("later", RoundState.held, 5, 6)
    assert that_matters([queued_later, LATE, EARLY]) is LATE
    assert newest_ended([RUNNING]) is None
    assert that_matters([]) is active([]) is None


def test_a_notice_says_what_became_of_the_round_and_leads_on() -> None:
    numbers = {"dpo-3": 3}
    promoted = news(made("a", RoundState.promoted, 0, 1, checkpoint="dpo-3"), numbers)
    assert promoted["title"] == "Round finished: version 3 passed the quality checks."
    assert (promoted["link"], promoted["href"]) == ("See before and after", "rounds?c=a&before=1")
    check = {"name": "kl", "passed": False, "words": "Too far"}
    held = news(
        made("b", RoundState.held, 0, 1, checkpoint="dpo-3", decision={"promote": False, "checks": [check]}),
        numbers,
    )
    assert (held["title"], held["line"]) == ("Round finished: version 3 was held back.", "Too far")
    failed = news(made("c", RoundState.failed, 0, 1, error="out of memory"), numbers)
    assert (failed["title"], failed["line"]) == ("Round failed.", "out of memory")
    reward = news(made("d", RoundState.promoted, 0, 1, method="reward"), numbers)
    assert reward["title"] == "Round finished: the reward model is trained."
    assert news(made("e", RoundState.cancelled, 0, 1), numbers)["title"] == "Round cancelled."


def test_versions_are_counted_from_the_first_and_named_by_their_use() -> None:
    older = Checkpoint("dpo-a", "", created_at=NOW)
    newer = Checkpoint("dpo-b", "", created_at=NOW + timedelta(days=1))
    numbers = numbered([newer, older])
    assert numbers == {"dpo-a": 1, "dpo-b": 2}
    assert called("dpo-b", numbers) == "version 2"
    assert called("base", numbers) == "the base model"
    assert called("gone", numbers) == "gone"
    aliases = {"latest": "dpo-b", "challenger": "dpo-b", "champion": "base", "previous": "base"}
    assert roles("dpo-b", aliases) == ["in use", "being tested"]
    assert roles("base", aliases) == ["previous"]
