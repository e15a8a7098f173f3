"""Reading a round's `events.jsonl` while the trainer appends to it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from feedback_app.domain.round import RoundEvent


class EventTail:
    """Gives each event once, in order. A line that is still being written waits for its end."""

    def __init__(self, file: Path, after: int) -> None:
        """Events up to number `after` are known already."""
        self._file = file
        self._after = after
        self._offset = 0

    def fresh(self) -> Iterator[RoundEvent]:
        """What came since the last call. An event counts as read once the next one is asked for: if keeping it
        fails, the next call gives it again."""
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                event = _event(json.loads(line))
                if event.seq > self._after:
                    yield event
                    self._after = event.seq
                self._offset += len(line)


def _event(fields: dict[str, object]) -> RoundEvent:
    known = {name: fields[name] for name in RoundEvent.__dataclass_fields__ if name in fields}
    return RoundEvent(**{**known, "at": datetime.fromisoformat(str(fields["at"]))})  # type: ignore[arg-type]
