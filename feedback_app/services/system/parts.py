"""The parts of the service and those around it, each with what asks it."""

from collections.abc import Callable

from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.queue import RoundQueue
from feedback_app.services.system.reachability import desk_checks, redis_answers
from feedback_app.services.system.status import Check, Status
from feedback_app.settings import Settings
from feedback_app.store import Store


def service_status(
    store: Store, models: Models, queue: RoundQueue, redis_url: str, now: Callable[[], Settings]
) -> Status:
    """`now` gives the settings in force: a desk may be started after us."""

    def database() -> str:
        counts = store.comparisons.counts()
        return f"{sum(counts[status] for status in ComparisonStatus)} comparisons, {counts['ranked']} ranked"

    def model() -> str:
        files = models.files("latest")
        return f"{files.name} on {files.base_dir.parent.name}"

    def outbox() -> str:
        counts = store.outbox.counts()
        return f"{counts['pending']} comparisons waiting to sync with connected tools, {counts['refused']} refused"

    def around() -> dict[str, Check]:
        return {"workers": queue.workers, **desk_checks(now())}

    optional: dict[str, Check] = {"redis": lambda: redis_answers(redis_url), "outbox": outbox}
    return Status({"database": database, "model": model}, optional, around)
