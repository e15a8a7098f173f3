"""Pushes and pulls over one connection to Label Studio, with a cache of each project's tasks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from feedback_app.desks import label_studio_payload as payload
from feedback_app.desks.base import OWNER, DeskProblem, DeskRanking, DeskRecord, Pulled, Pushed
from feedback_app.desks.label_studio_client import (
    LabelStudioSession,
    Project,
    ProjectState,
    RecordRefused,
    Task,
    desk_errors,
)
from feedback_app.desks.label_studio_payload import UnusableAnnotation

# A transaction may commit a little after a later one, so the next look starts a little before the newest change.
OVERLAP = timedelta(seconds=1)
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"  # the only form that Label Studio's filters accept


class TaskCache:
    """All tasks of one project, kept up to date by listing only what changed since the last look."""

    def __init__(self, session: LabelStudioSession, project_id: int) -> None:
        self._session = session
        self._project_id = project_id
        self._state: ProjectState | None = None
        self._tasks: dict[int, Task] = {}

    def refresh(self) -> ProjectState:
        """Update the tasks. The returned state was read first, so a change meanwhile is noticed next time."""
        state = self._session.state(self._project_id)
        if state != self._state:
            self._look_at_changes()
            if not self._complete(state):  # something was deleted, or this is the first look
                self._tasks = {task.id: task for task in self._session.tasks(self._project_id)}
            self._state = state
        return state

    def tasks(self) -> list[Task]:
        return [self._tasks[task_id] for task_id in sorted(self._tasks)]

    def by_comparison(self) -> dict[str, list[Task]]:
        """Map comparison ids to their tasks, oldest first. There are several if an import was repeated because its answer was
        lost."""
        by_id: dict[str, list[Task]] = {}
        for task in self.tasks():
            if task.comparison_id:
                by_id.setdefault(task.comparison_id, []).append(task)
        return by_id

    def _look_at_changes(self) -> None:
        if self._state is None or not self._state.newest:
            return
        since = datetime.fromisoformat(self._state.newest) - OVERLAP
        for task in self._session.tasks(self._project_id, since.astimezone(UTC).strftime(TIME)):
            self._tasks[task.id] = task

    def _complete(self, state: ProjectState) -> bool:
        live = sum(
            not each.get("was_cancelled") for task in self._tasks.values() for each in task.annotations
        )
        return (len(self._tasks), live) == (state.tasks, state.annotations)


Annotation = Mapping[str, Any]


class LabelStudioExchange:
    """Push, pull and delete over one session. Raises the errors of the session."""

    def __init__(self, session: LabelStudioSession) -> None:
        self._session = session
        self._caches: dict[int, TaskCache] = {}

    def close(self) -> None:
        self._session.close()

    def known_user(self) -> bool:
        return bool(self._session.whoami())

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        """Push records with the same number of candidates, each comparison at most once."""
        replies = len(records[0].candidates)
        project = self._session.projects().get(replies) or self._session.make_project(replies)
        if project.odd:
            return Pushed(refused=dict.fromkeys((r.comparison_id for r in records), changed(project)))
        cache = self._cache(project)
        cache.refresh()
        existing = cache.by_comparison()
        refused = self._import(project, [r for r in records if r.comparison_id not in existing])
        for record in records:
            if record.comparison_id in existing:
                self._update(record, project, existing[record.comparison_id], refused)
        accepted = [record for record in records if record.comparison_id not in refused]
        rankings = [payload.owner_ranking(record, project.aspects) for record in accepted]
        return Pushed(tuple(ranking for ranking in rankings if ranking), refused)

    def pull(self, mark: str) -> Pulled | None:
        projects = self._session.projects()
        usable = [project for project in projects.values() if not project.odd]
        states = {project.id: self._session.state(project.id) for project in usable}
        new_mark = ";".join(f"{p.id}:{p.odd or states[p.id]}" for p in projects.values()) or "none"
        if new_mark == mark:
            return None
        listed: set[str] = set()
        rankings: dict[tuple[str, str], DeskRanking] = {}
        problems = [problem(p, changed(p)) for p in projects.values() if p.odd]
        for project in usable:
            cache = self._cache(project)
            cache.refresh()
            for task in cache.tasks():
                listed |= {task.comparison_id} - {""}
                self._read(project, task, rankings, problems)
        return Pulled(new_mark, frozenset(listed), tuple(rankings.values()), tuple(problems))

    def delete(self, comparison_ids: Collection[str]) -> None:
        """Delete the tasks of these comparisons with everybody's annotations."""
        for project in self._session.projects().values():
            for task in self._session.tasks(project.id):
                if task.comparison_id in comparison_ids:
                    self._session.delete_task(task.id)

    def _cache(self, project: Project) -> TaskCache:
        return self._caches.setdefault(project.id, TaskCache(self._session, project.id))

    def _import(self, project: Project, records: Sequence[DeskRecord]) -> dict[str, str]:
        """Create tasks with their rankings in one request, or one by one if it is refused. Maps refused ids to reasons."""
        if not records:
            return {}
        try:
            with desk_errors():
                self._session.import_tasks(project.id, [new_task(r, project) for r in records])
        except RecordRefused as error:
            if len(records) == 1:
                return {records[0].comparison_id: str(error)}
            refused: dict[str, str] = {}
            for record in records:
                refused |= self._import(project, [record])
            return refused
        return {}

    def _update(
        self, record: DeskRecord, project: Project, tasks: Sequence[Task], refused: dict[str, str]
    ) -> None:
        first, *copies = tasks
        try:
            with desk_errors():
                self._set_ranking(first, payload.owner_ranking(record, project.aspects), project)
                self._set_prediction(first, payload.prediction(record))
                for copy in copies:
                    self._merge(copy)
        except RecordRefused as error:
            refused[record.comparison_id] = str(error)

    def _set_ranking(self, task: Task, wanted: DeskRanking | None, project: Project) -> None:
        mine = self._ours(task)
        if wanted is None:
            self._withdraw(mine)
        elif not mine:
            self._session.annotate(task.id, payload.annotation(wanted, project.replies))
        else:
            if not holds(mine[-1], wanted, project.replies):
                self._session.change(mine[-1]["id"], payload.annotation(wanted, project.replies))
            self._withdraw(mine[:-1])

    def _set_prediction(self, task: Task, wanted: Mapping[str, Any] | None) -> None:
        if wanted is None:
            return
        existing = [each for each in task.predictions if each.get("model_version") == wanted["model_version"]]
        if not existing or any(existing[-1].get(key) != value for key, value in wanted.items()):
            self._session.predict(task.id, wanted, existing[-1]["id"] if existing else None)

    def _merge(self, copy: Task) -> None:
        """Handle a second task of one comparison: our ranking belongs to the first task; other people's annotations stay."""
        mine = self._ours(copy)
        self._withdraw(mine)
        if len(mine) == len(copy.annotations):
            self._session.delete_task(copy.id)

    def _ours(self, task: Task) -> list[Annotation]:
        """Our own annotations, oldest first."""
        mine = [each for each in task.annotations if each.get("completed_by") == self._session.user_id]
        return sorted(mine, key=lambda each: (str(each.get("updated_at")), each["id"]))

    def _withdraw(self, annotations: Sequence[Annotation]) -> None:
        for annotation in annotations:
            self._session.withdraw(annotation["id"])

    def _read(
        self,
        project: Project,
        task: Task,
        rankings: dict[tuple[str, str], DeskRanking],
        problems: list[DeskProblem],
    ) -> None:
        """Add the rankings of a task. Of two annotations by one person, the newer counts."""
        if not task.comparison_id:
            reason = f"task {task.id} has no {payload.COMPARISON_ID}: delete it, or put it back"
            problems.append(problem(project, reason))
            return
        for annotator, annotation in self._by_annotator(task):
            try:
                ranking = payload.read_ranking(annotation, task.comparison_id, annotator, project.replies)
            except UnusableAnnotation as error:
                reason = f"annotation {annotation.get('id')} in {payload.title(project.replies)}: {error}"
                problems.append(DeskProblem(task.comparison_id, annotator, reason))
                continue
            before = rankings.get((task.comparison_id, annotator))
            if before is None or str(before.at) <= str(ranking.at):
                rankings[task.comparison_id, annotator] = ranking

    def _by_annotator(self, task: Task) -> Iterator[tuple[str, Annotation]]:
        for annotation in task.annotations:
            user = annotation.get("completed_by")
            person = user.get("id") if isinstance(user, Mapping) else user
            if person is not None:
                yield self._name(int(person)), annotation

    def _name(self, person: int) -> str:
        return OWNER if person == self._session.user_id else self._session.person(person)


def new_task(record: DeskRecord, project: Project) -> dict[str, Any]:
    """The task in the form that the import accepts."""
    ranking = payload.owner_ranking(record, project.aspects)
    predicted = payload.prediction(record)
    annotation = {**payload.annotation(ranking, project.replies), "ground_truth": False} if ranking else None
    return {
        "data": payload.task_data(record),
        "annotations": [annotation] if annotation else [],
        "predictions": [predicted] if predicted else [],
    }


def holds(annotation: Annotation, wanted: DeskRanking, replies: int) -> bool:
    try:
        return payload.read_ranking(annotation, wanted.comparison_id, wanted.annotator, replies) == wanted
    except UnusableAnnotation:
        return False


def problem(project: Project, reason: str) -> DeskProblem:
    """A problem of the project itself, which takes the annotator's place."""
    return DeskProblem("", payload.title(project.replies), reason)


def changed(project: Project) -> str:
    return (
        f"the project {payload.title(project.replies)} was changed by hand (question `{project.odd}`): "
        "correct its labelling configuration, or rename it"
    )
