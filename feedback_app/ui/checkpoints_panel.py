"""The registry on the rounds page: versions, aliases, promote and roll back."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.confirm import PRIVATE, asks, confirm
from feedback_app.ui.guard import Updates, guarded
from feedback_app.ui.rounds_view import registry
from feedback_app.ui.text import notice, sentence
from feedback_app.ui.version_words import version_choices

LOOK_EVERY = 5


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the panel and connect it."""
    models = services.models
    gr.HTML('<h2 class="section">Versions</h2>')
    shown = gr.HTML(elem_id="registry")
    line = gr.HTML(elem_id="registry-line")
    with gr.Row(equal_height=True, visible=bool(models.checkpoints()), elem_id="switch-version") as row:
        version = gr.Dropdown([], label="Version", elem_id="version-choice", filterable=False, scale=2)
        promote = gr.Button("Use this version", elem_id="promote", min_width=140)
        back = gr.Button("Switch back", elem_id="rollback", min_width=140)
    promoting, rolling = confirm("promote", "Use this version"), confirm("rollback", "Switch back")
    outputs = [shown, row, line, version, promoting.row, rolling.row]

    def look() -> Updates:
        checkpoints = models.checkpoints()
        return {
            shown: registry(checkpoints, models.aliases()),
            row: gr.update(visible=bool(checkpoints)),
            version: gr.update(choices=version_choices(models)),
        }

    def promotion(name: str | None) -> str:
        if not name:
            return "Choose a version first."
        now, then = models.called(models.resolve("latest")), models.called(name)
        return f"This will switch arena and new chats from {now} to {then}. Continue?"

    def do_promote(name: str) -> Updates:
        done = models.promote(name, by="page")
        return {**look(), **promoting.shut(), line: notice(sentence(f"{models.called(done)} is in use now."))}

    def rolling_back() -> str:
        return (
            f"This will switch back to {models.called(models.predecessor())}: arena and new chats use it at once, in place of "
            f"{models.called(models.resolve('latest'))}. Continue?"
        )

    def do_roll_back() -> Updates:
        left, now = models.rollback(by="page")
        return {
            **look(),
            **rolling.shut(),
            line: notice(
                sentence(f"{models.called(now)} is in use again; {models.called(left)} stays in the list.")
            ),
        }

    demo.load(look, None, [shown, row, version], **PRIVATE)
    gr.Timer(LOOK_EVERY).tick(look, None, [shown, row, version], **PRIVATE)
    asks(promote, promoting, promotion, [version])
    asks(back, rolling, rolling_back, [])
    promoting.yes.click(guarded(line, do_promote), [version], outputs, **PRIVATE)
    rolling.yes.click(guarded(line, do_roll_back), None, outputs, **PRIVATE)
