"""Reward: how well the owner's votes can be predicted."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.reward import live_panel
from feedback_app.ui.reward import panel as reward_panel
from feedback_app.ui.shared.text import heading


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(
        heading(
            "Reward", "How well your votes can be predicted, and how far the reward models can be trusted."
        )
    )
    live_panel.build(services, demo)
    reward_panel.build(services, demo)
