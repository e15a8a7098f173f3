"""The warning of a mounted app with several pages. When the first test fails, `gradio_workarounds/mounting.py` can go."""

import warnings

import gradio as gr
from fastapi import FastAPI

from feedback_app.ui.gradio_workarounds.mounting import WARNING, mount
from tests.unit.ui.gradio_workarounds.loops import in_a_loop


def two_pages() -> gr.Blocks:
    demo: gr.Blocks
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.HTML("first")
    with demo.route("Second", "/second"):
        gr.HTML("second")
    return demo


def warnings_of_gradio() -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gr.mount_gradio_app(FastAPI(), two_pages(), path="/", ssr_mode=False)
    return [str(one.message) for one in caught]


def warnings_of_ours() -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mount(FastAPI(), two_pages(), {})
    return [str(one.message) for one in caught]


def test_gradio_warns_although_server_side_rendering_is_switched_off() -> None:
    assert any(message.startswith(WARNING) for message in in_a_loop(warnings_of_gradio))


def test_our_pages_are_mounted_without_the_warning() -> None:
    assert not any(message.startswith(WARNING) for message in in_a_loop(warnings_of_ours))
