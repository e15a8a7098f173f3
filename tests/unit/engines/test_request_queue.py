"""Who is next at the engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.engines.base import Caller, EngineBusy, Priority
from feedback_app.engines.request_queue import Limits, RequestQueue, Ticket

MUCH = 10**9
INTERACTIVE, API, BACKGROUND = Priority


def join(line, client="a", priority=API, cost=0):
    ticket = Ticket(Caller(client, priority), cost)
    line.join(ticket)
    return ticket


def order(line, budget=MUCH):
    """The clients in the order in which one place serves them."""
    served = []
    while admitted := line.admit(budget):
        [ticket] = admitted
        served.append(ticket.caller.client)
        line.leave(ticket)
    return served


def one_place():
    return RequestQueue(Limits(places=1, reserved=0))


def test_interactive_work_goes_before_the_api_and_that_before_the_background():
    line = one_place()
    for client, priority in (("ahead", BACKGROUND), ("program", API), ("page", INTERACTIVE)):
        join(line, client, priority)
    assert order(line) == ["page", "program", "ahead"]


def test_clients_take_turns():
    line = one_place()
    for client in "aaabbc":
        join(line, client)
    assert order(line) == ["a", "b", "c", "a", "b", "a"]


def test_a_place_stays_free_for_interactive_work():
    line = RequestQueue(Limits(places=3, reserved=1))
    waiting = [join(line) for _ in range(4)]
    assert line.admit(MUCH) == waiting[:2]
    page = join(line, "page", INTERACTIVE)
    assert line.admit(MUCH) == [page]


def test_interactive_work_may_use_every_place():
    line = RequestQueue(Limits(places=3, reserved=1))
    for client in "abcd":
        join(line, client, INTERACTIVE)
    assert len(line.admit(MUCH)) == 3


def test_what_somebody_looks_at_now_overtakes():
    line = one_place()
    join(line, "first", BACKGROUND)
    looked_at = join(line, "second", BACKGROUND)
    looked_at.caller.hurry()
    assert order(line) == ["second", "first"]


def test_a_client_with_too_many_waiting_requests_is_told_so_and_others_are_not():
    line = RequestQueue(Limits(places=1, reserved=0, per_client=2))
    for _ in range(2):
        join(line, "greedy")
    with pytest.raises(EngineBusy, match="2 of your requests") as refused:
        line.check(Caller("greedy"), seconds_each=6)
    assert (refused.value.status, refused.value.retry_after) == (429, 12)
    line.check(Caller("other"))
    line.check(Caller("greedy", INTERACTIVE))


def test_when_too_much_waits_in_all_everybody_is_told_to_try_later():
    line = RequestQueue(Limits(total=2))
    for client in "ab":
        join(line, client)
    with pytest.raises(EngineBusy, match="too many requests") as refused:
        line.check(Caller("c"))
    assert refused.value.status == 503
    assert refused.value.retry_after >= 1


def test_the_batches_of_one_call_count_once():
    line, caller = RequestQueue(Limits(per_client=2)), Caller("a")
    for _ in range(5):
        line.join(Ticket(caller))
    line.check(Caller("a"))


def test_batches_run_together_only_as_far_as_memory_reaches():
    line = RequestQueue(Limits(places=3, reserved=1))
    large, small = join(line, "a", cost=80), join(line, "b", cost=30)
    assert line.admit(100) == [large]
    line.leave(large)
    assert line.admit(100) == [small]


def test_a_batch_above_all_memory_runs_alone():
    line = RequestQueue(Limits())
    huge = join(line, cost=500)
    assert line.admit(100) == [huge]


asked = st.tuples(st.sampled_from("abc"), st.sampled_from(list(Priority)), st.integers(0, 120))


@given(st.lists(asked, max_size=30), st.integers(1, 4), st.data())
def test_nothing_is_lost_no_limit_broken_and_everything_runs_in_the_end(calls, places, data):
    reserved = data.draw(st.integers(0, places - 1))
    line = RequestQueue(Limits(places=places, reserved=reserved))
    tickets = {join(line, *call) for call in calls}
    served = set()
    while line.waiting or line.running:
        served.update(line.admit(100))
        running = line.running
        assert running, "what waits gets its turn as soon as nothing runs"
        assert len(running) <= places
        assert sum(one.caller.priority != INTERACTIVE for one in running) <= places - reserved
        assert sum(one.cost for one in running) <= 100 or len(running) == 1
        line.leave(data.draw(st.sampled_from(running)))
    assert served == tickets
