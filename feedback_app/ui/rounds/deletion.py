"""The button that deletes a damaged round, below the round that is shown."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from feedback_app.domain.round import Round
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.ui.shared.confirm import EVENT_OPTIONS, Confirm, confirm, connect_question
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.text import notice


@dataclass(frozen=True, slots=True)
class DeletionScreen:
    button: gr.Button
    question: Confirm


def lay_out_deletion() -> DeletionScreen:
    """Draw the button and its question, hidden."""
    button = gr.Button(
        "Delete this damaged round", visible=False, elem_id="delete-round", size="sm", min_width=90
    )
    return DeletionScreen(button, confirm("delete-round", "Delete"))


@dataclass(frozen=True, slots=True)
class DeletionPanel:
    """What the button asks and does."""

    rounds: Rounds
    screen: DeletionScreen

    def show(self, round_: Round | None) -> Updates:
        """Offer the button for a damaged round."""
        return {self.screen.button: gr.update(visible=round_ is not None and round_.damaged)}

    def question(self, chosen: str | None) -> str:
        if not chosen:
            return ""
        return (
            "This will delete the damaged round permanently. Your rankings and all versions stay. Continue?"
        )

    def connect(
        self, chosen: gr.Dropdown, line: gr.HTML, arrive: Callable[[], Updates], outputs: list[gr.Component]
    ) -> None:
        """`arrive` shows the page again after the deletion."""

        def delete(round_id: str) -> Updates:
            self.rounds.delete(round_id)
            return {**arrive(), **self.screen.question.closed(), line: notice("The round was deleted.")}

        connect_question(self.screen.button, self.screen.question, self.question, [chosen])
        changed = [*outputs, self.screen.question.row]
        self.screen.question.yes.click(guarded(line, delete), [chosen], changed, **EVENT_OPTIONS)
