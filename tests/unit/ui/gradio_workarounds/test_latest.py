"""Streams of one page. When the first test fails, see whether Gradio's `cancels` can replace `gradio_workarounds/latest.py`."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import gradio as gr
from gradio.utils import cancel_tasks, set_task_name

from feedback_app.ui.gradio_workarounds.latest import Latest

SESSION, FUNCTION = "a page", 3


async def _two_events_of_one_function() -> list[bool]:
    """Whether each was cancelled, once the older one is."""
    events = {name: asyncio.create_task(asyncio.sleep(60)) for name in ("older", "newer")}
    for name, task in events.items():
        set_task_name(task, SESSION, FUNCTION, name, batch=False)
    await cancel_tasks({f"{SESSION}_{FUNCTION}"})
    await asyncio.gather(*events.values(), return_exceptions=True)
    return [task.cancelled() for task in events.values()]


def test_gradio_cancels_the_newer_event_of_a_function_with_the_older_one() -> None:
    with ThreadPoolExecutor(1) as pool:  # browser tests leave a running loop in this thread
        assert pool.submit(lambda: asyncio.run(_two_events_of_one_function())).result() == [True, True]


def page(session: str) -> gr.Request:
    request: gr.Request = SimpleNamespace(session_hash=session)  # type: ignore[assignment]
    return request


def test_an_older_stream_ends_when_the_same_page_starts_another() -> None:
    latest = Latest()

    def stream(session: str) -> Iterator[int]:
        return latest.only(page(session), iter(range(3)))

    older, elsewhere = stream("one"), stream("two")
    assert (next(older), next(elsewhere)) == (0, 0)
    newer = stream("one")
    assert next(newer) == 0
    assert list(older) == []
    assert (list(newer), list(elsewhere)) == ([1, 2], [1, 2])


def test_a_closed_page_is_forgotten() -> None:
    latest = Latest()
    list(latest.only(page("one"), [1]))
    latest.forget(page("one"))
    assert latest.streams == {}
