"""Events that start after any of several others. When the first test fails, `gradio_workarounds/trigger.py` can go."""

import gradio as gr
import pytest

from feedback_app.ui.gradio_workarounds.trigger import hidden_box
from tests.unit.ui.gradio_workarounds.loops import in_a_loop


def after_an_event_or_a_click() -> None:
    with gr.Blocks(analytics_enabled=False):
        first, second = gr.Button(), gr.Button()
        ended = first.click(lambda: None)
        gr.on([ended.then, second.click], lambda: None)


def box() -> gr.Textbox:
    with gr.Blocks(analytics_enabled=False):
        return hidden_box("Start", "start-here")


def test_gradio_takes_no_end_of_an_event_as_a_trigger() -> None:
    with pytest.raises(AttributeError):
        in_a_loop(after_an_event_or_a_click)


def test_a_hidden_box_is_part_of_the_page() -> None:
    made = in_a_loop(box)
    assert (made.visible, made.elem_id) == ("hidden", "start-here")
