"""One calm look for every page, light and dark, with fonts that the machine has."""

import gradio as gr

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

CSS = ""


def theme() -> gr.themes.Base:
    """Soft greys and one blue-green accent."""
    return gr.themes.Default(
        primary_hue="teal", neutral_hue="slate", font=list(FONT), font_mono=list(MONO)
    )
