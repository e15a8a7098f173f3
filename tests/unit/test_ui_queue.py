"""What a service without an open page costs."""

import gradio as gr

from feedback_app.ui.app import look_seldom


def test_gradios_queue_polls_far_less_often_than_by_default() -> None:
    with gr.Blocks(analytics_enabled=False) as demo:
        pass
    demo.queue()
    before = dict(vars(demo._queue))
    look_seldom(demo)
    changed = {name: value for name, value in vars(demo._queue).items() if before.get(name) != value}
    assert set(changed) == {"sleep_when_free", "progress_update_sleep_when_free"}
    assert all(changed[name] >= 10 * before[name] for name in changed), "known to Gradio, and longer"
