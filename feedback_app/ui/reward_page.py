"""Reward: what is known of the owner's taste."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui import live_panel
from feedback_app.ui.text import heading


def build(services: Services, demo: gr.Blocks) -> None:
    gr.HTML(
        heading("Reward", "How well your taste is known, measured on verdicts that came after each guess.")
    )
    live_panel.build(services, demo)
