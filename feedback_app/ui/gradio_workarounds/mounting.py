"""Mounting an app of several pages warns that server-side rendering is not supported, even where it is switched off.

Upstream: multi-page apps came with gradio-app/gradio pull request 10433. No upstream issue about the warning was found on
2026-11-29. `tests/unit/ui/gradio_workarounds/test_mounting.py` fails once the warning is gone.
"""

import warnings
from typing import Any

import gradio as gr
from fastapi import FastAPI

WARNING = "SSR mode is not supported"


def mount(api: FastAPI, demo: gr.Blocks, options: dict[str, Any]) -> None:
    """`gradio.mount_gradio_app` at the root, without the warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=WARNING)
        gr.mount_gradio_app(api, demo, path="/", ssr_mode=False, **options)
