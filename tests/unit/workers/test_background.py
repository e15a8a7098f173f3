"""A thread that lives as long as a block."""

import threading

from workers.background import Background


class Counting(Background):
    """Counts once it is told that the block has ended."""

    def __init__(self) -> None:
        super().__init__("counting")
        self.began = threading.Event()
        self.ended = 0

    def _work(self) -> None:
        self.began.set()
        while not self._ends_within(60):
            pass
        self.ended += 1


def test_it_begins_with_the_block_and_has_ended_after_it() -> None:
    with Counting() as counting:
        assert counting.began.wait(20)
        assert counting.ended == 0
    assert counting.ended == 1
