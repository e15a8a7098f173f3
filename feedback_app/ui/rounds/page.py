"""Rounds: start one, watch it, cancel and resume it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.current_round import that_matters
from feedback_app.domain.round import Round, RoundEvent, RoundState
from feedback_app.domain.version_names import numbered
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.before_after import BeforeAfter
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.readiness import RoundReadiness
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.store import RoundNotFound
from feedback_app.ui.rounds import checkpoints, compare
from feedback_app.ui.rounds.before_after import BeforeAfterPanel
from feedback_app.ui.rounds.deletion import DeletionPanel
from feedback_app.ui.rounds.layout import FIRST, RoundsScreen, lay_out, placeholder
from feedback_app.ui.rounds.methods import (
    PRESETS,
    about,
    numbers,
    offers_reward_model,
    offers_sft,
    settings,
    usual,
)
from feedback_app.ui.rounds.view import curve, detail, estimate, lineage, measures, no_round, short, table
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.readiness_view import readiness_summary
from feedback_app.ui.shared.text import notice

EXPECT_NEWS = "() => { window.dispatchEvent(new Event('codelynn:round')); }"
"""JavaScript that makes the notices of all open pages wait for the end of a round."""
RESUMABLE = (RoundState.failed, RoundState.cancelled)
QUEUED = (
    "Queued: it starts as soon as a worker is free. You can leave this page; a notice tells you when it ends."
)


@dataclass(frozen=True, slots=True)
class RoundsServices:
    """What the page uses."""

    rounds: Rounds
    lineage: Lineage
    models: Models
    estimates: Estimates
    readiness: RoundReadiness
    before_after: BeforeAfter


class RoundsPage:
    """What the page shows, and what its buttons do."""

    def __init__(self, services: RoundsServices, screen: RoundsScreen) -> None:
        self._rounds = services.rounds
        self._lineage = services.lineage
        self._models = services.models
        self._estimates = services.estimates
        self._advisor = services.readiness
        self.before_after = BeforeAfterPanel(services.before_after, services.models, screen.before_after)
        self.deletion = DeletionPanel(services.rounds, screen.deletion)
        self._screen = screen

    def arrive(self, request: gr.Request) -> Updates:
        """Open the round that the address names, or the one that matters now. `before=1` in the address starts comparing replies."""
        rounds = self._rounds.list()
        named = request.query_params.get("c", "")
        chosen = named if named in {item.id for item in rounds} else _first(rounds)
        page = {**self._readiness(), **self.estimate(FIRST, False, False)}
        shown = {**page, **self._listed(rounds, chosen), **self._detailed(chosen, ())}
        if chosen and request.query_params.get("before"):
            shown |= guarded(self._screen.line, self.before_after.write)(chosen)
        return shown

    def estimate(
        self,
        method: str,
        first: bool,
        sft_first: bool,
        rate: str | None = None,
        beta: str | None = None,
        epochs: str | None = None,
        steps: str | None = None,
        repeats: str | None = None,
    ) -> Updates:
        """How long such a round will take."""
        filled_in = {"steps": steps, "online_repeats": repeats}
        expected = self._estimates.expected(method, numbers(settings(method, filled_in, first, sft_first)))
        return {self._screen.estimate: estimate(expected)}

    def refresh(self, chosen: str | None, measure: str | None, seen: tuple[Any, ...]) -> Updates:
        """What changed since the last refresh."""
        rounds = self._rounds.list()
        chosen = chosen or _first(rounds)
        changed = _signature(rounds) != seen[:1]
        listed = {**self._listed(rounds, chosen), **self._readiness()} if changed else {}
        return {**listed, **self._detailed(chosen, seen, rounds, measure)}

    def draw(self, chosen: str | None, measure: str | None) -> Updates:
        """Draw another curve of the same round."""
        return self._curve(self._rounds.events(chosen) if chosen else [], measure)

    def choose(self, chosen: str | None) -> Updates:
        return self._detailed(chosen, ())

    def pick(self, event: gr.SelectData) -> Updates:
        """Open the round of the selected row."""
        rounds = self._rounds.list()
        row = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
        chosen = rounds[row].id if row < len(rounds) else None
        return {self._screen.chosen: chosen, **self._detailed(chosen, ())}

    def queue(
        self,
        method: str,
        first: bool,
        sft_first: bool,
        rate: str | None,
        beta: str | None,
        epochs: str | None,
        steps: str | None,
        repeats: str | None,
    ) -> Updates:
        """Start a round. An empty field keeps its default; a field that the method does not have is ignored. Raises InvalidRound."""
        filled_in = {
            "learning_rate": rate,
            "beta": beta,
            "epochs": epochs,
            "steps": steps,
            "online_repeats": repeats,
        }
        queued = self._rounds.queue(method, settings(method, filled_in, first, sft_first))
        message = {self._screen.line: notice(QUEUED)}
        listed = self._listed(self._rounds.list(), queued.id)
        return {**self._readiness(), **listed, **self._detailed(queued.id, ()), **message}

    def choose_preset(self, preset: str) -> Updates:
        """Fill in the method and the stages of a preset."""
        screen, chosen = self._screen, PRESETS[preset]
        stages = {screen.first: chosen.first, screen.sft_first: chosen.sft_first}
        return {screen.method: chosen.method, **stages}

    def choose_method(self, method: str) -> Updates:
        """Explain a method, and enable the settings that it has."""
        screen, defaults = self._screen, usual(method)
        fields = {
            screen.rate: defaults["learning_rate"],
            screen.beta: defaults["beta"],
            screen.epochs: defaults["epochs"],
            screen.steps: defaults["steps"],
            screen.repeats: defaults["online_repeats"],
        }
        return {
            screen.about: about(method),
            screen.first: gr.update(interactive=offers_reward_model(method)),
            screen.sft_first: gr.update(interactive=offers_sft(method)),
            **{
                field: gr.update(interactive=bool(default), placeholder=placeholder(default))
                for field, default in fields.items()
            },
        }

    def cancel(self, chosen: str) -> Updates:
        self._rounds.cancel(chosen)
        return {**self._listed(self._rounds.list(), chosen), **self._detailed(chosen, ())}

    def resume(self, chosen: str) -> Updates:
        self._rounds.resume(chosen)
        return {**self._listed(self._rounds.list(), chosen), **self._detailed(chosen, ())}

    def again(self) -> Updates:
        """The page after the shown round was deleted."""
        rounds = self._rounds.list()
        return {**self._listed(rounds, _first(rounds)), **self._detailed(_first(rounds), ())}

    def _readiness(self) -> Updates:
        """What there is to train on, and the button. It is the primary button only while no round is under way."""
        now = self._advisor.now()
        label = "Queue another round" if now.running else "Train a new version"
        button = gr.update(value=label, variant="secondary" if now.running else "primary")
        return {self._screen.readiness: readiness_summary(now), self._screen.queue: button}

    def _listed(self, rounds: list[Round], chosen: str | None) -> Updates:
        choices = [(short(item), item.id) for item in rounds]
        return {
            self._screen.table: gr.update(value=table(rounds, self._numbers()), visible=bool(rounds)),
            self._screen.chosen: gr.update(choices=choices, value=chosen, visible=bool(rounds)),
        }

    def _detailed(
        self,
        chosen: str | None,
        seen: tuple[Any, ...],
        rounds: list[Round] | None = None,
        measure: str | None = None,
    ) -> Updates:
        screen = self._screen
        if chosen is None:
            off = gr.update(visible=False)
            nothing = {**self._curve([], None), **self.before_after.show(None), **self.deletion.show(None)}
            return {screen.detail: no_round(), **nothing, screen.cancel: off, screen.resume: off}
        try:
            current = self._rounds.get(chosen)
        except RoundNotFound:
            return {screen.detail: no_round()}
        events = self._rounds.events(chosen)
        listed = self._rounds.list() if rounds is None else rounds
        now = (*_signature(listed), chosen, len(events))
        updates: Updates = {
            screen.seen: now,
            screen.cancel: gr.update(
                visible=not current.state.final, interactive=not current.cancel_requested
            ),
            screen.resume: gr.update(visible=current.state in RESUMABLE and not current.unusable),
            **self.deletion.show(current),
        }
        if now != seen:
            shown = detail(current, self._numbers()) + lineage(self._lineage.of(current))
            updates |= {
                screen.detail: shown,
                **self._curve(events, measure),
                **self.before_after.show(chosen),
            }
        return updates

    def _numbers(self) -> dict[str, int]:
        return numbered(self._models.checkpoints())

    def _curve(self, events: list[RoundEvent], measure: str | None) -> Updates:
        """The plot of a measure (by default the first), and the choice of measures."""
        names = measures(events)
        drawn = measure if measure in names else names[0] if names else ""
        points = curve(events, drawn)
        several = len(names) > 1 and any(len(curve(events, name)) > 1 for name in names)
        return {
            self._screen.measure: gr.update(choices=names, value=drawn or None, visible=several),
            self._screen.plot: gr.update(value=points, y_title=drawn, visible=len(points) > 1),
        }


def _signature(rounds: list[Round]) -> tuple[Any, ...]:
    """A value that changes whenever the table changes."""
    return (
        tuple((r.id, str(r.state), r.stage, r.step, round(r.percent, 1), r.cancel_requested) for r in rounds),
    )


def _first(rounds: list[Round]) -> str | None:
    matters = that_matters(rounds)
    return matters.id if matters else None


def build(services: RoundsServices, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    screen = lay_out()
    page = RoundsPage(services, screen)
    outputs = screen.outputs()
    demo.load(page.arrive, None, outputs, **EVENT_OPTIONS)
    screen.timer.tick(page.refresh, [screen.chosen, screen.measure, screen.seen], outputs, **EVENT_OPTIONS)
    fields = [screen.rate, screen.beta, screen.epochs, screen.steps, screen.repeats]
    settings_ = [screen.method, screen.first, screen.sft_first, *fields]
    queued = screen.queue.click(guarded(screen.line, page.queue), settings_, outputs, **EVENT_OPTIONS)
    queued.then(None, None, None, js=EXPECT_NEWS)
    for listen in (
        screen.method.change,
        screen.first.change,
        screen.sft_first.change,
        screen.steps.change,
        screen.repeats.change,
    ):
        listen(page.estimate, settings_, screen.estimate, **EVENT_OPTIONS)
    screen.preset.input(
        page.choose_preset, screen.preset, [screen.method, screen.first, screen.sft_first], **EVENT_OPTIONS
    )
    fitting = [screen.about, screen.first, screen.sft_first, *fields]
    screen.method.change(page.choose_method, screen.method, fitting, **EVENT_OPTIONS)
    screen.chosen.input(guarded(screen.line, page.choose), screen.chosen, outputs, **EVENT_OPTIONS)
    drawing = [screen.chosen, screen.measure]
    screen.measure.input(guarded(screen.line, page.draw), drawing, outputs, **EVENT_OPTIONS)
    screen.table.select(guarded(screen.line, page.pick), None, outputs, **EVENT_OPTIONS)
    screen.cancel.click(guarded(screen.line, page.cancel), screen.chosen, outputs, **EVENT_OPTIONS)
    resumed = screen.resume.click(guarded(screen.line, page.resume), screen.chosen, outputs, **EVENT_OPTIONS)
    resumed.then(None, None, None, js=EXPECT_NEWS)
    page.before_after.connect(screen.chosen, screen.line)
    page.deletion.connect(screen.chosen, screen.line, page.again, outputs)
    compare.build(services.rounds)
    checkpoints.build(services.models, demo)
