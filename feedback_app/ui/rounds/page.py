"""Rounds: start one, watch it, cancel and resume it."""

from typing import Any

import gradio as gr

from feedback_app.domain.current_round import that_matters
from feedback_app.domain.round import Round, RoundEvent, RoundState
from feedback_app.domain.version_names import numbered
from feedback_app.services.bundle import Services
from feedback_app.store import RoundNotFound
from feedback_app.ui.rounds import checkpoints_panel, compare_panel
from feedback_app.ui.rounds.before_after_panel import BeforeAfterPanel
from feedback_app.ui.rounds.layout import FIRST, RoundsScreen, lay_out, placeholder
from feedback_app.ui.rounds.methods import about, numbers, offers_reward_model, offers_sft, settings, usual
from feedback_app.ui.rounds.presets import PRESETS
from feedback_app.ui.rounds.view import curve, detail, estimate, lineage, measures, short, table
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.readiness_view import supply
from feedback_app.ui.shared.text import notice

LOOK_FOR_NEWS = "() => { window.dispatchEvent(new Event('codelynn:round')); }"
"""Tells the notices on this and other open pages that there is a round to wait for."""
RESUMABLE = (RoundState.failed, RoundState.cancelled)
EMPTY = (
    '<div class="empty"><p class="empty-title">No round yet</p><ol class="steps">'
    '<li><a href="./">Rank replies</a> in the arena: about ten votes are enough to begin.</li>'
    "<li>Train a new version with the button above.</li>"
    "<li>Compare its replies with those of the model before.</li></ol></div>"
)


class RoundsPage:
    def __init__(self, services: Services, screen: RoundsScreen) -> None:
        self._rounds = services.rounds
        self._lineage = services.lineage
        self._models = services.models
        self._estimates = services.estimates
        self._readiness = services.readiness
        self.before_after = BeforeAfterPanel(services.before_after, services.models, screen.before_after)
        self._screen = screen

    def arrive(self, request: gr.Request) -> Updates:
        """The round that the address names, else the one that matters. `before=1` has its replies compared at once."""
        rounds = self._rounds.list()
        named = request.query_params.get("c", "")
        chosen = named if named in {item.id for item in rounds} else _first(rounds)
        known_already = {**self._supply(), **self.foresee(FIRST, False, False)}
        shown = {**known_already, **self._listed(rounds, chosen), **self._detailed(chosen, ())}
        if chosen and request.query_params.get("before"):
            shown |= guarded(self._screen.line, self.before_after.write)(chosen)
        return shown

    def foresee(
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
        given = {"steps": steps, "online_repeats": repeats}
        expected = self._estimates.expected(method, numbers(settings(method, given, first, sft_first)))
        return {self._screen.estimate: estimate(expected)}

    def tick(self, chosen: str | None, measure: str | None, seen: tuple[Any, ...]) -> Updates:
        """What changed since the last look; nothing is sent where nothing did."""
        rounds = self._rounds.list()
        chosen = chosen or _first(rounds)
        changed = _signature(rounds) != seen[:1]
        listed = {**self._listed(rounds, chosen), **self._supply()} if changed else {}
        return {**listed, **self._detailed(chosen, seen, rounds, measure)}

    def draw(self, chosen: str | None, measure: str | None) -> Updates:
        """Another curve of the same round."""
        return self._curve(self._rounds.events(chosen) if chosen else [], measure)

    def choose(self, chosen: str | None) -> Updates:
        return self._detailed(chosen, ())

    def pick(self, event: gr.SelectData) -> Updates:
        """A row of the table."""
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
        """Start a round; a field left empty keeps its default, and one that the method lacks is left out."""
        given = {
            "learning_rate": rate,
            "beta": beta,
            "epochs": epochs,
            "steps": steps,
            "online_repeats": repeats,
        }
        queued = self._rounds.queue(method, settings(method, given, first, sft_first))
        told = {
            self._screen.line: notice(
                "Queued: it starts as soon as a worker is free. You can leave this page; a notice tells you when it ends."
            )
        }
        listed = self._listed(self._rounds.list(), queued.id)
        return {**self._supply(), **listed, **self._detailed(queued.id, ()), **told}

    def choose_preset(self, preset: str) -> Updates:
        """The method and the stages that do what is wanted."""
        screen, wanted = self._screen, PRESETS[preset]
        stages = {screen.first: wanted.first, screen.sft_first: wanted.sft_first}
        return {screen.method: wanted.method, **stages}

    def choose_method(self, method: str) -> Updates:
        """What it learns from, and the settings that it has."""
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

    def _supply(self) -> Updates:
        """What there is to train on, and the button, which is the main one only while no round is under way."""
        now = self._readiness.now()
        label = "Queue another round" if now.running else "Train a new version"
        button = gr.update(value=label, variant="secondary" if now.running else "primary")
        return {self._screen.supply: supply(now), self._screen.queue: button}

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
            nothing = {**self._curve([], None), **self.before_after.show(None)}
            return {screen.detail: EMPTY, **nothing, screen.cancel: off, screen.resume: off}
        try:
            current = self._rounds.get(chosen)
        except RoundNotFound:
            return {screen.detail: EMPTY}
        events = self._rounds.events(chosen)
        listed = self._rounds.list() if rounds is None else rounds
        now = (*_signature(listed), chosen, len(events))
        updates: Updates = {
            screen.seen: now,
            screen.cancel: gr.update(
                visible=not current.state.final, interactive=not current.cancel_requested
            ),
            screen.resume: gr.update(visible=current.state in RESUMABLE),
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
        """The plot of a measure, by default of the first, and the choice of what was measured."""
        found = measures(events)
        drawn = measure if measure in found else found[0] if found else ""
        points = curve(events, drawn)
        many = len(found) > 1 and any(len(curve(events, one)) > 1 for one in found)
        return {
            self._screen.measure: gr.update(choices=found, value=drawn or None, visible=many),
            self._screen.plot: gr.update(value=points, y_title=drawn, visible=len(points) > 1),
        }


def _signature(rounds: list[Round]) -> tuple[Any, ...]:
    """Changes whenever something in the table does."""
    return (
        tuple((r.id, str(r.state), r.stage, r.step, round(r.percent, 1), r.cancel_requested) for r in rounds),
    )


def _first(rounds: list[Round]) -> str | None:
    matters = that_matters(rounds)
    return matters.id if matters else None


def build(services: Services, demo: gr.Blocks) -> None:
    screen = lay_out()
    page = RoundsPage(services, screen)
    outputs = screen.outputs()
    demo.load(page.arrive, None, outputs, **PRIVATE)
    screen.timer.tick(page.tick, [screen.chosen, screen.measure, screen.seen], outputs, **PRIVATE)
    fields = [screen.rate, screen.beta, screen.epochs, screen.steps, screen.repeats]
    given = [screen.method, screen.first, screen.sft_first, *fields]
    queued = screen.queue.click(guarded(screen.line, page.queue), given, outputs, **PRIVATE)
    queued.then(None, None, None, js=LOOK_FOR_NEWS)
    for listen in (
        screen.method.change,
        screen.first.change,
        screen.sft_first.change,
        screen.steps.change,
        screen.repeats.change,
    ):
        listen(page.foresee, given, screen.estimate, **PRIVATE)
    screen.preset.input(
        page.choose_preset, screen.preset, [screen.method, screen.first, screen.sft_first], **PRIVATE
    )
    fitting = [screen.about, screen.first, screen.sft_first, *fields]
    screen.method.change(page.choose_method, screen.method, fitting, **PRIVATE)
    screen.chosen.input(guarded(screen.line, page.choose), screen.chosen, outputs, **PRIVATE)
    drawing = [screen.chosen, screen.measure]
    screen.measure.input(guarded(screen.line, page.draw), drawing, outputs, **PRIVATE)
    screen.table.select(guarded(screen.line, page.pick), None, outputs, **PRIVATE)
    screen.cancel.click(guarded(screen.line, page.cancel), screen.chosen, outputs, **PRIVATE)
    resumed = screen.resume.click(guarded(screen.line, page.resume), screen.chosen, outputs, **PRIVATE)
    resumed.then(None, None, None, js=LOOK_FOR_NEWS)
    page.before_after.connect(screen.chosen, screen.line)
    compare_panel.build(services)
    checkpoints_panel.build(services, demo)
