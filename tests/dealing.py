"""How pytest-xdist deals the tests: whole files, and all files that share one costly server to one worker."""

from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

ONE_SERVER = (
    "tests/integration/desks/argilla/",
    "tests/integration/desks/label_studio/",
    "tests/integration/api/openai/",
)
"""Folders whose tests share a server that takes long to start."""
LONGEST_FIRST = (
    "tests/integration/desks/",
    "tests/browser/",
    "tests/integration/alignment/",
    "tests/integration/workers/",
    "tests/acceptance/",
    "tests/integration/",
)
"""So that the workers end at about the same time: what is dealt last is short."""


class Dealing(LoadScopeScheduling):
    """By file and not by test: the tests of a file share what it made ready."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return next((folder for folder in ONE_SERVER if file.startswith(folder)), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=_turn), last=False)
        super()._assign_work_unit(node)


def _turn(scope: str) -> int:
    starts = (turn for turn, folder in enumerate(LONGEST_FIRST) if scope.startswith(folder))
    return next(starts, len(LONGEST_FIRST))
