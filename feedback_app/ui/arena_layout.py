"""The parts of the arena page, in the order they are seen."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from feedback_app.domain.aspects import ASPECTS
from feedback_app.ui.arena_view import ANY_TOPIC, EMPTY, LETTERS
from feedback_app.ui.text import heading
from feedback_app.ui.wiring import HIDDEN

HELP = """
| key | does |
| --- | --- |
| **1**–**4** or **A**–**D** | choose: of two replies the better one; of more, the next place |
| **T** | tie |
| **X** | all bad |
| **Enter** | submit the places (three or four replies) |
| **S** | skip |
| **U** | undo |
| **N** | next |

Keys rest while you write. A tie or "all bad" is kept but teaches nothing; skip what you cannot judge.
The names of the models appear after your verdict. A refresh loses nothing: replies go on being written.
Now and then a pair that you judged long ago comes back with its sides changed, to see how far you agree with yourself.
"""


@dataclass(frozen=True, slots=True)
class Card:
    column: gr.Column
    head: gr.HTML
    text: gr.Markdown
    place: gr.Radio

    def parts(self) -> list[Any]:
        return [self.column, self.head, self.text, self.place]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The buttons under the cards."""

    first: gr.Button
    tie: gr.Button
    second: gr.Button
    submit: gr.Button
    all_bad: gr.Button
    skip: gr.Button
    undo: gr.Button
    next: gr.Button


@dataclass(frozen=True, slots=True)
class Details:
    fold: gr.Accordion
    aspects: gr.CheckboxGroup
    note: gr.Textbox
    edit: gr.Textbox
    save: gr.Button


@dataclass(frozen=True, slots=True)
class Screen:
    """`current` and `last` are ids of comparisons: the one shown, and the one decided last."""

    current: gr.Textbox
    last: gr.State
    shown_at: gr.State
    progress: gr.HTML
    prompt: gr.Textbox
    topic: gr.Dropdown
    number: gr.Radio
    auto: gr.Checkbox
    draw: gr.Button
    compare: gr.Button
    line: gr.HTML
    decided: gr.HTML
    asked: gr.HTML
    cards: tuple[Card, ...]
    verdicts: Verdicts
    details: Details

    def entry(self) -> tuple[gr.Textbox, gr.Button, gr.Button]:
        """What begins a comparison: off until the page knows where it stands, which would else replace it."""
        return self.prompt, self.draw, self.compare

    def outputs(self) -> list[Any]:
        """All that a handler may change."""
        buttons = [getattr(self.verdicts, part.name) for part in fields(self.verdicts)]
        folded = [getattr(self.details, part.name) for part in fields(self.details)]
        shown = [self.current, self.last, self.shown_at, self.line, self.decided, self.asked]
        return [
            *shown,
            *self.entry(),
            *(part for card in self.cards for part in card.parts()),
            *buttons,
            *folded,
        ]


def lay_out(topics: Sequence[str], candidates: int) -> Screen:
    """Draw the page."""
    gr.HTML(heading("Arena", "Rank replies without knowing who wrote them. Your rankings train the model."))
    state = (
        gr.Textbox(visible="hidden", label="Comparison", elem_id="open-id"),
        gr.State(""),
        gr.State(0.0),
    )
    progress = gr.HTML(elem_id="progress")
    ask = _ask(topics, candidates)
    told = (gr.HTML(elem_id="line"), gr.HTML(elem_id="decided"), gr.HTML(EMPTY, elem_id="asked"))
    with gr.Row(elem_id="cards", equal_height=True):
        cards = tuple(_card(i) for i in range(len(LETTERS)))
    parts: tuple[Any, ...] = (*state, progress, *ask, *told, cards, _verdicts(), _details())
    screen = Screen(*parts)
    with gr.Accordion("Keys and help", open=False, elem_id="help"):
        gr.Markdown(HELP)
    return screen


def _ask(topics: Sequence[str], candidates: int) -> tuple[Any, ...]:
    with gr.Group(elem_id="ask"):
        prompt = gr.Textbox(
            label="Prompt",
            placeholder="Write something to answer, or draw a prompt",
            lines=1,
            max_lines=8,
            interactive=False,
            elem_id="prompt",
        )
        with gr.Row(elem_id="ask-row"):
            choices = [(ANY_TOPIC, ANY_TOPIC), *((topic.replace("_", " "), topic) for topic in topics)]
            topic = gr.Dropdown(
                choices, value=ANY_TOPIC, label="Topic", min_width=150, filterable=False, elem_id="topic"
            )
            number = gr.Radio([2, 3, 4], value=candidates, label="Replies", min_width=150, elem_id="number")
            auto = gr.Checkbox(
                False,
                label="Go on by itself",
                info="After a verdict the next prompt is drawn at once.",
                min_width=200,
                elem_id="auto",
            )
    with gr.Row(elem_id="ask-buttons"):
        draw = gr.Button("Draw a prompt", interactive=False, elem_id="draw", min_width=140)
        compare = gr.Button(
            "Compare replies", variant="primary", interactive=False, elem_id="compare", min_width=140
        )
    return prompt, topic, number, auto, draw, compare


def _card(index: int) -> Card:
    letter = LETTERS[index]
    with gr.Column(
        visible=False, min_width=240, elem_classes=["card"], elem_id=f"card-{letter.lower()}"
    ) as column:
        head = gr.HTML()
        text = gr.Markdown(latex_delimiters=[], line_breaks=True, elem_classes=["reply"], container=False)
        place = gr.Radio(
            [1, 2], label=f"Place of {letter}", elem_classes=["places"], elem_id=f"place-{letter.lower()}"
        )
    return Card(column, head, text, place)


def _verdicts() -> Verdicts:
    with gr.Row(elem_id="verdicts"):
        return Verdicts(
            first=_button("A is better", "better-1", "primary"),
            tie=_button("Tie", "tie"),
            second=_button("B is better", "better-2", "primary"),
            submit=_button("Submit ranking", "submit-ranking", "primary"),
            all_bad=_button("All bad", "all-bad"),
            skip=_button("Skip", "skip"),
            undo=_button("Undo", "undo"),
            next=_button("Next", "next", "primary"),
        )


def _button(label: str, name: str, variant: Any = "secondary") -> gr.Button:
    return gr.Button(label, variant=variant, visible=HIDDEN, elem_id=name, min_width=90)


def _details() -> Details:
    with gr.Accordion("Say more (optional)", open=False, visible=False, elem_id="details") as fold:
        aspects = gr.CheckboxGroup(list(ASPECTS), label="The better reply is…", elem_id="aspects")
        edit = gr.Textbox(
            label="Your rewrite",
            info="How you would have said it. The model can learn from it directly.",
            lines=3,
            elem_id="edit",
        )
        note = gr.Textbox(label="Note to yourself", lines=1, elem_id="note")
        save = gr.Button("Save with this ranking", visible=HIDDEN, elem_id="save-details")
    return Details(fold, aspects, note, edit, save)
