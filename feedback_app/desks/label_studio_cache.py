"""What one project at Label Studio holds, kept up to date by listing only what changed since the last look."""

from datetime import UTC, datetime, timedelta

from feedback_app.desks.label_studio_client import LabelStudioSession, Pulse, Task

# A transaction may end a little after a younger one: look back a little further than the newest that we saw.
OVERLAP = timedelta(seconds=1)
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"  # the one form that Label Studio's filters take


class Shelf:
    """All tasks of one project, for one session."""

    def __init__(self, session: LabelStudioSession, project_id: int) -> None:
        self._session = session
        self._project_id = project_id
        self._pulse: Pulse | None = None
        self._tasks: dict[int, Task] = {}

    def refresh(self) -> Pulse:
        """Bring the tasks up to date; the pulse is from before the look, so a change meanwhile shows next time."""
        pulse = self._session.pulse(self._project_id)
        if pulse != self._pulse:
            self._look_at_changes()
            if not self._complete(pulse):  # something was deleted, or this is the first look
                self._tasks = {task.id: task for task in self._session.tasks(self._project_id)}
            self._pulse = pulse
        return pulse

    def tasks(self) -> list[Task]:
        return [self._tasks[task_id] for task_id in sorted(self._tasks)]

    def by_comparison(self) -> dict[str, list[Task]]:
        """Comparison id → its tasks, oldest first. More than one: an import whose answer was lost was repeated."""
        found: dict[str, list[Task]] = {}
        for task in self.tasks():
            if task.comparison_id:
                found.setdefault(task.comparison_id, []).append(task)
        return found

    def _look_at_changes(self) -> None:
        if self._pulse is None or not self._pulse.newest:
            return
        since = datetime.fromisoformat(self._pulse.newest) - OVERLAP
        for task in self._session.tasks(self._project_id, since.astimezone(UTC).strftime(TIME)):
            self._tasks[task.id] = task

    def _complete(self, pulse: Pulse) -> bool:
        live = sum(
            not each.get("was_cancelled") for task in self._tasks.values() for each in task.annotations
        )
        return (len(self._tasks), live) == (pulse.tasks, pulse.annotations)
