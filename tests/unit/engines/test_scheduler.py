"""Batches run in threads when it is their turn."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from feedback_app.engines.base import Caller, Delta, EngineBusy, EngineUnavailable, Priority
from feedback_app.engines.request_queue import Limits
from feedback_app.engines.scheduler import Scheduler
from feedback_app.engines.streaming import stream
from tests.waiting import until


@pytest.fixture
def made(request):
    def build(**limits):
        scheduler = Scheduler(Limits(**{"places": 1, "reserved": 0, **limits}), "test")
        request.addfinalizer(scheduler.shutdown)
        return scheduler

    return build


@pytest.fixture
def release():
    """What the running batch waits for; set at the end whatever happens."""
    event = Event()
    yield event
    event.set()


def submit(scheduler, work, client="a", priority=Priority.API):
    [future] = scheduler.submit(Caller(client, priority), [(0, work)])
    return future


def nothing():
    return None


def read(scheduler, caller, work, seconds=20.0):
    """The deltas of one batch, as an engine streams them."""
    return stream(
        lambda emit: scheduler.submit(caller, [(0, lambda: work(emit))]),
        lambda: None,
        caller,
        seconds,
        scheduler.too_late,
    )


def test_batches_run_in_the_order_of_the_line(made, release):
    scheduler, ran = made(), []
    first = submit(scheduler, release.wait)
    program = submit(scheduler, lambda: ran.append("program"))
    page = submit(scheduler, lambda: ran.append("page"), priority=Priority.INTERACTIVE)
    until(first.running)
    release.set()
    program.result(20)
    page.result(20)
    assert ran == ["page", "program"]


def test_a_reader_who_leaves_while_it_waits_never_has_it_run(made, release):
    scheduler, ran, caller = made(), [], Caller("left")
    submit(scheduler, release.wait)
    deltas = read(scheduler, caller, lambda emit: ran.append(1))
    caller.leave()
    assert list(deltas) == []
    release.set()
    until(scheduler.idle)
    assert ran == []


def test_a_reader_who_leaves_meanwhile_is_let_go_from_another_thread(made, release):
    scheduler, caller = made(), Caller("left")
    submit(scheduler, release.wait)
    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(list, read(scheduler, caller, lambda emit: emit(Delta(0, "x"))))
        until(lambda: len(scheduler._queue.waiting) == 1)
        caller.leave()
        assert reading.result(20) == []


def test_what_waits_too_long_is_given_up_with_an_honest_error(made, release):
    scheduler = made(seconds=0.05)
    submit(scheduler, release.wait)
    with pytest.raises(EngineBusy, match="no place became free") as refused:
        list(read(scheduler, Caller("b"), lambda emit: None, seconds=0.05))
    assert refused.value.status == 503
    release.set()
    until(scheduler.idle)


def test_what_has_begun_is_not_given_up(made):
    scheduler, asked = made(seconds=0.01), Event()

    def slow(emit):
        asked.wait(0.1)
        emit(Delta(0, "at last", "stop"))

    assert [delta.text for delta in read(scheduler, Caller(), slow, seconds=0.01)] == ["at last"]


def test_more_than_may_wait_is_refused_at_once(made, release):
    scheduler = made(per_client=1)
    submit(scheduler, release.wait)
    submit(scheduler, nothing)
    with pytest.raises(EngineBusy) as refused:
        submit(scheduler, nothing)
    assert refused.value.status == 429
    submit(scheduler, nothing, "another")


def test_an_error_reaches_the_reader_and_the_next_batch_runs(made):
    scheduler = made()

    def fails():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        submit(scheduler, fails).result(20)
    assert submit(scheduler, nothing).result(20) is None


def test_shutting_down_cancels_what_waits(made, release):
    scheduler = made()
    running = submit(scheduler, release.wait)
    until(running.running)
    waiting = submit(scheduler, nothing)
    release.set()
    scheduler.shutdown()
    assert waiting.done()
    with pytest.raises(EngineUnavailable, match="shut down"):
        submit(scheduler, nothing)


def test_what_ran_is_followed_by_what_gives_memory_back():
    costs = []
    scheduler = Scheduler(Limits(), "test", costs.append)
    [future] = scheduler.submit(Caller(), [(7, nothing)])
    future.result(20)
    scheduler.shutdown()
    assert costs == [7]
