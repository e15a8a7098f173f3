"""One event that many others start needs a hidden text box: they write into it, and its `change` starts the event.

`gradio.on` lists the triggers of an event, but not the end of another event. So a page on which every action ends with the same
stream either repeats that stream after each action or starts it from a hidden text box. A component with `visible=False` is not
part of the page and starts nothing; `visible="hidden"` does.

Upstream: gradio-app/gradio issue 12517 ("Allow the `triggers` parameter in `gr.on()` to accept `event.then`", open since December
2025). `tests/unit/ui/gradio_workarounds/test_trigger.py` fails once `gradio.on` accepts it.
"""

import gradio as gr


def hidden_box(label: str, elem_id: str | None = None) -> gr.Textbox:
    """A text box that nobody sees. Connect its `change` event, and write into it to start that event."""
    return gr.Textbox(visible="hidden", label=label, elem_id=elem_id)
