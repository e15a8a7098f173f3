"""Gradio's queue polls. When the first test fails, see whether `gradio_workarounds/polling.py` can go."""

from typing import Any

import gradio as gr

from feedback_app.ui.gradio_workarounds.polling import poll_less_often
from tests.unit.ui.gradio_workarounds.loops import in_a_loop


def queue_settings() -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after."""
    with gr.Blocks(analytics_enabled=False) as demo:
        pass
    demo.queue()
    before = dict(vars(demo._queue))
    poll_less_often(demo)
    return before, dict(vars(demo._queue))


def test_gradios_own_pauses_are_so_short_that_an_idle_service_costs_time() -> None:
    before, _ = in_a_loop(queue_settings)
    assert before["sleep_when_free"] == 0.001
    assert before["progress_update_sleep_when_free"] == 0.01


def test_gradios_queue_polls_far_less_often_than_by_default() -> None:
    before, after = in_a_loop(queue_settings)
    changed = {name for name, value in after.items() if before.get(name) != value}
    assert changed == {"sleep_when_free", "progress_update_sleep_when_free"}
    assert all(after[name] >= 10 * before[name] for name in changed)
