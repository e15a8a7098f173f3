"""How long do push and pull with Label Studio take? `python -m benchmarks.label_studio [RECORDS]`, on a temporary server.

Pushes new comparisons with rankings in batches as the sync loop does, pushes them again, changes a tenth, and pulls.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from feedback_app.desks.base import DeskRecord
from feedback_app.desks.label_studio import LabelStudioDesk
from feedback_app.domain.comparison import Message
from feedback_app.embedded import label_studio
from feedback_app.embedded.supervisor import Supervisor
from feedback_app.processes.local_files import free_port
from feedback_app.services.annotation.sync import BATCH
from feedback_app.settings import PROJECT

QUESTION = "What would you do on a rainy day in a town that you do not know? " * 3
REPLY = "I would look for a small museum, and for a place with soup. " * 6


def record(number: int) -> DeskRecord:
    return DeskRecord(
        comparison_id=f"benchmark-{number}",
        messages=(Message("user", f"{number}. {QUESTION}"),),
        candidates=(("a", REPLY, "base"), ("b", REPLY + "And you?", "v1")),
        ranking=(("b",), ("a",)),
        all_bad=False,
        aspects=("warmer",),
        note="",
        edit=None,
        annotator="owner",
        created_at=datetime.now(UTC),
    )


def batches(records: Sequence[DeskRecord]) -> Iterator[Sequence[DeskRecord]]:
    return (records[start : start + BATCH] for start in range(0, len(records), BATCH))


def measure(desk: LabelStudioDesk, records: Sequence[DeskRecord]) -> None:
    def push(given: Sequence[DeskRecord]) -> None:
        for batch in batches(given):
            assert not desk.push(batch).refused

    def pull() -> None:
        pulled = desk.pull("")
        assert pulled is not None
        assert len(pulled.rankings) == len(records)

    changed = [replace(each, ranking=(("a", "b"),)) for each in records[::10]]
    timed(f"push {len(records)} new records", lambda: push(records))
    timed("push them again", lambda: push(records))
    timed(f"push {len(changed)} changed rankings", lambda: push(changed))
    timed("pull over the same connection", pull)
    desk.close()
    timed("pull over a new connection", pull)
    mark = getattr(desk.pull(""), "mark", "")
    timed("pull where nothing has changed", lambda: desk.pull(mark))


def timed(what: str, do: Callable[[], object]) -> None:
    started = time.monotonic()
    do()
    print(f"{what}: {time.monotonic() - started:.1f} s", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        root, port = Path(folder), free_port()
        owner = label_studio.login(root / "secrets" / "label-studio.json")
        server = label_studio.find_server(PROJECT) or label_studio.install(PROJECT)
        part = label_studio.part(server, root, port, owner)
        supervisor = Supervisor(print)
        try:
            supervisor.start(part)
            print(f"first start: {supervisor.wait_ready(part):.1f} s", flush=True)
            desk = LabelStudioDesk(f"http://127.0.0.1:{port}", owner.token)
            measure(desk, [record(number) for number in range(count)])
            desk.close()
        finally:
            supervisor.stop()


if __name__ == "__main__":
    main()
