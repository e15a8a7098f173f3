"""Arena: rank replies side by side."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking, Message, Ranking
from feedback_app.services.bundle import Services
from feedback_app.services.generation import GenerationFailed
from feedback_app.store import ComparisonNotFound
from feedback_app.ui.arena_frame import cleared, frame, texts
from feedback_app.ui.arena_layout import Screen, lay_out
from feedback_app.ui.arena_view import (
    ANY_TOPIC,
    fits,
    groups_from,
    guess_line,
    progress_line,
    repeat_line,
    verdict_line,
)
from feedback_app.ui.guard import Updates, guarded, guarded_stream
from feedback_app.ui.latest import Latest
from feedback_app.ui.text import notice
from feedback_app.ui.wiring import REMEMBER_OPEN, at_most, seen

STREAM_SECONDS = 0.08


class ArenaPage:
    """What the buttons do. The database is the state: the page holds ids only."""

    def __init__(self, services: Services, screen: Screen) -> None:
        self._services = services
        self._arena = services.arena
        self._screen = screen
        self._latest = Latest()

    def progress(self) -> str:
        rounds = self._services.rounds
        return progress_line(self._arena.counts(), rounds.train_pairs(), rounds.min_pairs)

    def arrive(self, request: gr.Request) -> Updates:
        """Where a refresh goes on: what the address names, or else the newest without a verdict."""
        named = request.query_params.get("c", "")
        try:
            found = self._arena.get(named) if named else None
        except ComparisonNotFound:
            found = None
        if found is None or found.status in (ComparisonStatus.failed, ComparisonStatus.skipped):
            found = self._arena.unfinished()
        screen = self._screen
        decided = self._last_decided()
        undo = gr.update(visible=seen(bool(decided)))
        on = {part: gr.update(interactive=True) for part in screen.entry()}
        return {
            screen.current: found.id if found else "",
            screen.last: decided,
            screen.verdicts.undo: undo,
            **on,
        }

    def show(self, comparison_id: str, last: str, request: gr.Request) -> Iterator[Updates]:
        """The comparison, growing while its replies are written."""
        yield from self._latest.only(request, self._shown(comparison_id, last))

    def leave(self, request: gr.Request) -> None:
        self._latest.forget(request)

    def _shown(self, comparison_id: str, last: str) -> Iterator[Updates]:
        if not comparison_id:
            yield cleared(self._screen, bool(last))
            return
        comparison = self._arena.get(comparison_id)
        yield self._framed(comparison, last)
        if comparison.status != ComparisonStatus.generating:
            return
        try:
            for comparison in at_most(STREAM_SECONDS, self._arena.watch(comparison_id)):
                yield texts(self._screen, comparison)
        except GenerationFailed:
            yield self._framed(self._arena.get(comparison_id), last)
            raise
        if comparison.status != ComparisonStatus.skipped:
            yield {**self._framed(comparison, last), self._screen.shown_at: time.time()}

    def ask(self, prompt: str, n: int) -> Updates:
        opened = self._arena.open([Message("user", prompt)], n)
        return {self._screen.current: opened.id, self._screen.prompt: "", self._screen.decided: ""}

    def draw(self, topic: str, n: int) -> Updates:
        return {self._screen.current: self._drawn(topic, n).id, self._screen.decided: ""}

    def next(self, current: str, topic: str, n: int) -> Updates:
        """What waits for a verdict already, or else a fresh prompt."""
        return {self._screen.current: self._following(current, topic, n), self._screen.decided: ""}

    def prepare(self, current: str, topic: str, n: int) -> None:
        """While a drawn prompt is being read, the next one is answered: then no vote waits for the model."""
        shown = self._arena.get(current) if current else None
        waiting = self._arena.unfinished()
        drawn = shown and (shown.tags or shown.repeat_of)
        if drawn and (waiting is None or waiting.id == current):
            self._services.draws.ahead(None if topic == ANY_TOPIC else topic, n)

    def vote(self, groups: str, all_bad: bool = False) -> Any:
        """The handler of one verdict button; `groups` such as `A>B` or `A=B`."""

        def handle(
            current: str, began: float, aspects: list[str], note: str, edit: str, *go_on: Any
        ) -> Updates:
            comparison = self._arena.get(current)
            ids = [candidate.id for candidate in comparison.candidates]
            order = {"A>B": ((ids[0],), (ids[1],)), "B>A": ((ids[1],), (ids[0],))}.get(groups, (tuple(ids),))
            ranking = Ranking(order, all_bad, tuple(aspects), note.strip(), edit.strip() or None)
            return self._decide(current, ranking, began, *go_on)

        return handle

    def submit(
        self, current: str, began: float, aspects: list[str], note: str, edit: str, *rest: Any
    ) -> Updates:
        """Places of three or four replies: `rest` is auto, topic, number and the four places."""
        ids = [candidate.id for candidate in self._arena.get(current).candidates]
        groups = groups_from(ids, rest[3:][: len(ids)])
        ranking = Ranking(groups, False, tuple(aspects), note.strip(), edit.strip() or None)
        return self._decide(current, ranking, began, *rest[:3])

    def save(self, current: str, aspects: list[str], note: str, edit: str) -> Updates:
        """Aspects, note and rewrite of a ranking that was given already."""
        given = self._arena.get(current).ranking
        if given is None:
            raise InvalidRanking("rank the replies first")
        more = replace(given, aspects=tuple(aspects), note=note.strip(), edit=edit.strip() or None)
        self._arena.rank(current, more)
        return {self._screen.line: notice("Saved with the ranking.")}

    def skip(self, current: str, auto: bool, topic: str, n: int) -> Updates:
        self._arena.skip(current)
        shown = {self._screen.last: current, self._screen.decided: notice("Skipped.")}
        return {**shown, self._screen.current: self._following(current, topic, n) if auto else ""}

    def undo(self, last: str) -> Updates:
        """Back to the comparison decided last, open again."""
        target = last or self._last_decided()
        if not target:
            raise InvalidRanking("there is nothing to undo")
        comparison = self._arena.undo(target)
        screen = self._screen
        back = {screen.current: target, screen.last: "", screen.decided: notice("Taken back: decide again.")}
        return {**self._framed(comparison, ""), **back}

    def _decide(
        self, current: str, ranking: Ranking, began: float, auto: bool, topic: str, n: int
    ) -> Updates:
        seconds = round(time.time() - began, 1) if began else None
        ranked = self._arena.rank(current, replace(ranking, seconds=seconds))
        screen = self._screen
        told = notice(self._told(ranked))
        if auto:
            return {
                screen.last: current,
                screen.decided: told,
                screen.current: self._following(current, topic, n),
            }
        return {**self._framed(ranked, current), screen.last: current, screen.decided: told}

    def _told(self, ranked: Comparison) -> str:
        """What was decided, what the live reward model had guessed, and what was said of the same pair before."""
        services = self._services
        lines = (
            verdict_line(ranked, services.models.aliases()),
            guess_line(ranked, services.live.guess(ranked)),
            repeat_line(services.repeats.again(ranked)),
        )
        return " ".join(filter(None, lines))

    def _framed(self, comparison: Comparison, last: str) -> Updates:
        return frame(self._screen, comparison, self._services.models.aliases(), bool(last))

    def _drawn(self, topic: str, n: int) -> Comparison:
        opened = self._services.draws.open(None if topic == ANY_TOPIC else topic, n)
        if opened is None:
            raise InvalidRanking("no prompt pack has this topic: choose another, or write a prompt")
        return opened

    def _following(self, current: str, topic: str, n: int) -> str:
        waiting = self._arena.unfinished()
        if waiting and waiting.id != current and fits(waiting, n, topic):
            return waiting.id
        return self._drawn(topic, n).id

    def _last_decided(self) -> str:
        """The newest ranked or skipped comparison of this page among the last few; empty if there is none."""
        decided = (ComparisonStatus.ranked, ComparisonStatus.skipped)
        recent = self._arena.page(None, None, 20).items
        return next((c.id for c in recent if c.source == "arena" and c.status in decided), "")


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    screen = lay_out(services.arena.packs.topics(), services.arena.candidates)
    page = ArenaPage(services, screen)
    outputs = screen.outputs()
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    screen.current.change(None, screen.current, None, js=REMEMBER_OPEN)  # first: it would wait for the stream
    stream = screen.current.change(
        guarded_stream(screen.line, page.show),
        [screen.current, screen.last],
        outputs,
        trigger_mode="multiple",
        **private,
    )
    kind = [screen.topic, screen.number]
    stream.success(page.prepare, [screen.current, *kind], None, **private)
    demo.unload(page.leave)
    demo.load(page.arrive, None, outputs, **private)
    demo.load(page.progress, None, screen.progress, **private)
    _connect(page, screen, outputs, private)


def _connect(page: ArenaPage, screen: Screen, outputs: list[Any], private: dict[str, Any]) -> None:
    buttons, details = screen.verdicts, screen.details
    more = [details.aspects, details.note, details.edit]
    kind = [screen.topic, screen.number]
    decision = [screen.current, screen.shown_at, *more, screen.auto, *kind]
    places = [card.place for card in screen.cards]
    verdicts: list[tuple[Any, Any, Any]] = [
        (buttons.first.click, page.vote("A>B"), decision),
        (buttons.second.click, page.vote("B>A"), decision),
        (buttons.tie.click, page.vote("A=B"), decision),
        (buttons.all_bad.click, page.vote("A=B", all_bad=True), decision),
        (buttons.submit.click, page.submit, [*decision, *places]),
        (buttons.undo.click, page.undo, [screen.last]),
    ]
    for listen, act, inputs in verdicts:
        done = listen(guarded(screen.line, act), inputs, outputs, **private)
        done.then(page.progress, None, screen.progress, **private)
    moves: list[tuple[Any, Any, Any]] = [
        (screen.compare.click, page.ask, [screen.prompt, screen.number]),
        (screen.prompt.submit, page.ask, [screen.prompt, screen.number]),
        (screen.draw.click, page.draw, kind),
        (buttons.next.click, page.next, [screen.current, *kind]),
        (buttons.skip.click, page.skip, [screen.current, screen.auto, *kind]),
    ]
    for listen, act, inputs in moves:
        listen(guarded(screen.line, act), inputs, outputs, **private)
    details.save.click(guarded(screen.line, page.save), [screen.current, *more], outputs, **private)
