"""What a service without an open page costs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import gradio as gr

from feedback_app.ui.app import look_seldom


async def _queue_settings() -> tuple[dict[str, object], dict[str, object]]:
    """Before and after; within an event loop, as Gradio else makes one that it never closes."""
    with gr.Blocks(analytics_enabled=False) as demo:
        pass
    demo.queue()
    before = dict(vars(demo._queue))
    look_seldom(demo)
    return before, dict(vars(demo._queue))


def _apart() -> tuple[dict[str, object], dict[str, object]]:
    """In a thread of its own: Playwright, where browser tests ran before, has a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_queue_settings())).result()


def test_gradios_queue_polls_far_less_often_than_by_default() -> None:
    before, after = _apart()
    changed = {name for name, value in after.items() if before.get(name) != value}
    assert changed == {"sleep_when_free", "progress_update_sleep_when_free"}
    for name in changed:
        was, now = before[name], after[name]
        assert isinstance(was, float)
        assert isinstance(now, float)
        assert now >= 10 * was, "known to Gradio, and longer"
