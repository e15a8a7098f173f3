"""SIGTERM stops at once, or after the state is saved."""

import os
import signal
from collections.abc import Iterator

import pytest

from alignment.stop_signal import Interrupted, StopSignal


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    before = signal.getsignal(signal.SIGTERM)
    listening = StopSignal()
    listening.listen()
    yield listening
    signal.signal(signal.SIGTERM, before)


def test_outside_training_it_stops_at_once(stop: StopSignal) -> None:
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)


def test_who_asks_twice_does_not_disturb_what_the_first_request_set_off(stop: StopSignal) -> None:
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.requested


def test_in_training_it_waits_until_the_state_is_saved(stop: StopSignal) -> None:
    saved: list[bool] = []

    def training() -> None:
        with stop.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            saved.append(stop.requested)

    with pytest.raises(Interrupted):
        training()
    assert saved == [True]
