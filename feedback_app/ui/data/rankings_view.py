"""The owner's rankings as the Data page lists and shows them. Replies are made harmless as in the arena. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.mended import damaged
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.services.arena.repeats import compare_rankings
from feedback_app.services.dataset.curation import Consistency, Entry
from feedback_app.ui.arena.view import guess_line, places_of, repeat_line
from feedback_app.ui.data.rankings_form import form
from feedback_app.ui.shared.markdown import safe_html
from feedback_app.ui.shared.text import count

SNIPPET = 110
BEFORE = 30
"""Characters of a text that are shown, and before the words that were looked for."""
DAMAGED = (
    "An older version stored text here that cannot be shown: � stands for it. No export and no round uses this record. You can "
    "delete it."
)
MOST = 4
"""Replies that the arena can show."""
SIDES = {2: ("left", "right")}
CHOSEN = {"random": "random", "active": "most informative", "named": "versions you named"}
NOTHING = (
    '<div class="empty"><p class="empty-title">No ranking yet</p>'
    '<p>Rank replies in the <a href="./">arena</a> or import some; they are listed here.</p></div>'
)
NOT_FOUND = (
    '<div class="empty"><p class="empty-title">Nothing found</p>'
    "<p>No ranking matches all of this. Remove a filter, or show all.</p></div>"
)


def items(entries: Iterable[Entry], wanted: RankingSearch) -> str:
    """Rows of the list."""
    return "".join(item(entry, wanted.words) for entry in entries)


def item(entry: Entry, words: str = "") -> str:
    """One row: its box, and what opens it."""
    comparison = entry.comparison
    prompt = snippet(comparison.messages[-1].content)
    tags = "".join(f'<span class="tag">{escape(tag.replace("_", " "))}</span>' for tag in comparison.tags)
    broken = ' <span class="badge damaged">damaged</span>' if entry.as_ranked.damaged else ""
    back = " · repeated pair" if comparison.repeat_of and entry.as_ranked.ranking else ""
    about = f"{when(entry.as_ranked)} · {escape(comparison.source)}{back}"
    return (
        f'<li data-id="{escape(comparison.id)}"><label class="pick"><input type="checkbox">'
        f'<span class="sr">Select: {escape(prompt)}</span></label>'
        f'<details class="ranking"><summary><span class="badge said">{escape(said(entry))}</span>{broken} '
        f'<span class="snippet">{escape(prompt)}</span>{hit(comparison, entry.as_ranked.ranking, words)}'
        f'<span class="quiet">{about} {tags}</span></summary><div class="one"></div></details></li>'
    )


def snippet(text: str) -> str:
    """The beginning, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET else f"{line[: SNIPPET - 1]}…"


def hit(comparison: Comparison, ranking: Ranking | None, words: str) -> str:
    """Where the words stand, if not at the beginning of the prompt, which is shown anyway. Empty where they are written in
    another way there."""
    if not words or words.casefold() in snippet(comparison.messages[-1].content).casefold():
        return ""
    for name, text in _texts(comparison, ranking):
        line = " ".join(text.split())
        if found := re.search(re.escape(words), line, re.IGNORECASE):
            start = max(0, found.start() - BEFORE)
            before, after = line[start : found.start()], line[found.end() : found.end() + SNIPPET]
            shown = f"{escape(before)}<mark>{escape(found[0])}</mark>{escape(after)}"
            return f'<span class="hit">{name}: {"…" if start else ""}{shown}</span>'
    return ""


def _texts(comparison: Comparison, ranking: Ranking | None) -> list[tuple[str, str]]:
    turns = [("conversation", m.content) for m in comparison.messages if m.role != "system"]
    replies = [(f"reply {letter(i)}", candidate.text) for i, candidate in enumerate(comparison.candidates)]
    own = [("note", ranking.note), ("rewrite", ranking.edit or "")] if ranking else []
    return [*own, *replies, *turns]


def said(entry: Entry) -> str:
    """The verdict in a few signs: `A > B`."""
    if entry.taken_out is not None:
        return f"excluded ({verdict(entry.as_ranked)})"
    return verdict(entry.comparison)


def verdict(comparison: Comparison) -> str:
    ranking = comparison.ranking
    if ranking is None:
        return "skipped" if comparison.status == ComparisonStatus.skipped else "waiting"
    if ranking.all_bad:
        return "all bad"
    if len(ranking.groups) == 1:
        return "tie"
    letters = {candidate.id: letter(i) for i, candidate in enumerate(comparison.candidates)}
    return " > ".join(" = ".join(sorted(letters[name] for name in group)) for group in ranking.groups)


def letter(index: int) -> str:
    """A, B, … Z, then numbers: imports have any number of replies."""
    return chr(ord("A") + index) if index < 26 else str(index + 1)


def when(comparison: Comparison) -> str:
    moment = comparison.created_at if comparison.ranking is None else comparison.ranking.created_at
    if damaged([moment]):
        return "date damaged"
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M} UTC</time>'


def detail(
    entry: Entry, guess: Guess | None, other: Comparison | None, called: Callable[[str], str] = str
) -> str:
    """All there is to know of one, and the form to change it. `other` is the same pair the other time. `called` tells what a
    version is called."""
    seen = entry.as_ranked
    cards = "".join(_card(seen, i, called) for i in range(len(seen.candidates)))
    return (
        f'{conversation(seen.messages)}<div class="replies">{cards}</div>{_facts(entry, guess, other)}'
        f"{_actions(entry)}{form(seen)}"
    )


def conversation(messages: Sequence[Message]) -> str:
    """Every turn, the system's folded away."""
    system = "".join(
        f'<details class="system"><summary>System prompt</summary><p class="plain">{escape(m.content)}</p></details>'
        for m in messages
        if m.role == "system"
    )
    turns = "".join(
        f'<li class="turn {turn.role}"><span class="who">{"You" if turn.role == "user" else "Reply"}</span>'
        f"{safe_html(turn.content)}</li>"
        for turn in messages
        if turn.role != "system"
    )
    return f'{system}<ol class="turns" aria-label="Prompt">{turns}</ol>'


def _card(comparison: Comparison, index: int, called: Callable[[str], str]) -> str:
    """A reply; who wrote it is told once it is judged."""
    candidate, ranking = comparison.candidates[index], comparison.ranking
    won = ranking is not None and not ranking.all_bad and candidate.id in ranking.groups[0]
    model = f'<span class="model">{escape(called(candidate.model))}</span>' if ranking else ""
    place = f'<span class="place">{_place(comparison, candidate, ranking)}</span>' if ranking else ""
    size = f"{side(comparison, candidate)}, {count(len(candidate.text), 'character')}, {count(len(candidate.text.split()), 'word')}"
    first = " won" if won and ranking is not None and len(ranking.groups) > 1 else ""
    return (
        f'<article class="card{first}" aria-label="Reply {letter(index)}"><div class="card-head">'
        f'<span class="letter" aria-hidden="true">{letter(index)}</span>{model}{place}</div>'
        f'<div class="reply">{safe_html(candidate.text) or "<p><em>(an empty reply)</em></p>"}</div>'
        f'<p class="quiet">{size}</p></article>'
    )


def _place(comparison: Comparison, candidate: Candidate, ranking: Ranking) -> str:
    if ranking.all_bad:
        return "all bad"
    if len(ranking.groups) == 1:
        return "tie"
    return f"place {places_of(comparison)[candidate.id]}"


def side(comparison: Comparison, candidate: Candidate) -> str:
    """Where it was shown."""
    order = sorted(comparison.candidates, key=lambda one: one.position)
    at = order.index(candidate)
    names = SIDES.get(len(order), tuple(f"{i}. from the left" for i in range(1, len(order) + 1)))
    return names[at]


def _facts(entry: Entry, guess: Guess | None, other: Comparison | None) -> str:
    seen = entry.as_ranked
    ranking = seen.ranking
    rows: list[tuple[str, str]] = []
    if ranking is not None:
        rows += [
            ("Note", f'<span class="plain">{escape(ranking.note)}</span>' if ranking.note else ""),
            ("Rewrite", f'<div class="reply">{safe_html(ranking.edit)}</div>' if ranking.edit else ""),
            ("Tone", escape(", ".join(ranking.aspects))),
            ("Ranked", _ranked(seen, ranking)),
            ("Guess", escape(guess_line(seen, guess))),
            ("Selection", "repeated pair" if seen.repeat_of else CHOSEN[seen.selection]),
            ("Repeated", _other(seen, other)),
        ]
    if seen.damaged:
        rows.append(("Damaged", DAMAGED))
    rows.append(("Tags", escape(", ".join(seen.tags))))
    shown = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value)
    return f'<dl class="known">{shown}</dl>'


def _ranked(seen: Comparison, ranking: Ranking) -> str:
    took = "" if ranking.seconds is None else f", in {ranking.seconds:.0f} s"
    return f"{when(seen)} by {escape(ranking.annotator)} ({escape(ranking.source)}){took}"


def _other(seen: Comparison, other: Comparison | None) -> str:
    """How it compares with the other time, with a way there."""
    if other is None:
        return ""
    how = compare_rankings(other, seen) if seen.repeat_of else compare_rankings(seen, other)
    told = repeat_line(how) if seen.repeat_of else f"Repeated later: {_later(how)}."
    link = f'<a href="data?c={escape(other.id)}">Show the other vote</a>'
    return f"{escape(told)} {link}"


def _later(how: str | None) -> str:
    told = {"same": "the same choice", "reversed": "the opposite choice", "tie": "a tie one of the two times"}
    return told.get(how or "", "all bad one of the two times")


def _actions(entry: Entry) -> str:
    """What can be done with it besides changing it."""
    buttons = []
    if entry.taken_out is not None:
        buttons.append('<button type="button" data-does="back">Include again</button>')
    elif entry.comparison.ranking is not None:
        buttons.append('<button type="button" data-does="out">Exclude</button>')
    buttons.append('<button type="button" data-does="delete">Delete permanently</button>')
    if len(entry.comparison.candidates) <= MOST:
        buttons.append('<button type="button" data-does="again">Rank it again in the arena</button>')
    return f'<div class="does">{"".join(buttons)}</div>'


def found_line(found: int, wanted: RankingSearch) -> str:
    """How many there are, as text."""
    return f"{count(found, 'ranking')} found" if wanted != RankingSearch() else count(found, "comparison")


def consistency(known: Consistency) -> str:
    """How far the owner agrees with themselves, as HTML."""
    if not known.pairs:
        return (
            '<p class="quiet">Sometimes the arena repeats a pair that you ranked, with the sides swapped. '
            "Here you see how often you make the same choice.</p>"
        )
    same, ties = known.self_agreement.same, known.self_agreement.ties
    told = f"{count(known.pairs, 'pair was', 'pairs were')} repeated."
    if same.value is not None:
        told += (
            f" You chose the same reply {same.hits} of {same.trials} times (<strong>{same.value:.0%}</strong>, "
            f"95 % interval {same.low:.0%} to {same.high:.0%})."
        )
    if ties:
        told += f" {count(ties, 'pair')} not counted: a tie at least once."
    show = (
        f'<button type="button" id="show-differs">Show the {count(known.differing, "pair")} where I changed my mind</button>'
        if known.differing
        else ""
    )
    return f"<p>{told}</p>{show}"


def deletion_question(asked: int, all_ids: int, desks: Sequence[str] = ()) -> str:
    """What deleting means, before it is done; `all_ids` go if so many are asked for. `desks` hold copies."""
    more = (
        f" {count(all_ids - asked, 'more is', 'more are')} the same pair, ranked at another time, and will be deleted too."
        if all_ids > asked
        else ""
    )
    there = f" Copies in {' and '.join(desks)} are deleted at the next sync." if desks else ""
    return (
        f"This will delete {count(asked, 'comparison')} permanently: prompts, replies, votes and guesses.{more}{there} Snapshots and "
        "versions of past rounds keep what they were trained on. Other comparisons and chats with the same prompt stay. Continue?"
    )
