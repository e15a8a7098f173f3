"""Arena: rank replies side by side."""

import gradio as gr

from feedback_app.services.bundle import Services


def build(services: Services) -> None:
    gr.Markdown("# Arena")
    gr.Markdown(f"{len(services.arena.packs)} prompts in the packs")
