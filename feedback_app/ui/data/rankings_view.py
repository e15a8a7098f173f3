"""The owner's rankings as the Data page lists, shows, searches and edits them. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.damage import damaged
from feedback_app.domain.guess import Guess
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.services.arena.repeats import compare_rankings
from feedback_app.services.dataset.curation import Consistency, Entry, EntryPage
from feedback_app.ui.arena.view import guess_line, places_of, repeat_line
from feedback_app.ui.data.rankings_forms import form, letter
from feedback_app.ui.shared.markdown import safe_html
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import count

Names = Callable[[str], str]
"""The name of a version on the page."""
SNIPPET = 110
"""Characters of a text that are shown in the list."""
BEFORE = 30
"""Characters that are shown before the words that were searched for."""
MOST_REPLIES = 4
"""How many replies the arena can show."""
SIDES = {2: ("left", "right")}
SELECTIONS = {"random": "random", "active": "most informative", "named": "versions you named"}
REPEATED = "repeated pair"
LATER = {"same": "the same choice", "reversed": "the opposite choice", "tie": "a tie one of the two times"}


# The list


def items(entries: Iterable[Entry], wanted: RankingSearch) -> Markup:
    """Rows of the list."""
    return Markup().join(item(entry, wanted.words) for entry in entries)


def item(entry: Entry, words: str = "") -> Markup:
    """One row of the list. `words` are marked where they were found."""
    comparison = entry.comparison
    return render(
        "data/rankings_item.html",
        id=comparison.id,
        prompt=snippet(comparison.messages[-1].content),
        result=ranking_summary(entry),
        damaged=entry.as_ranked.damaged,
        hit=hit(comparison, entry.as_ranked.ranking, words),
        when=_when(entry.as_ranked),
        source=comparison.source,
        repeated=comparison.repeat_of and entry.as_ranked.ranking,
        tags=[tag.replace("_", " ") for tag in comparison.tags],
    )


def snippet(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET else f"{line[: SNIPPET - 1]}…"


def hit(comparison: Comparison, ranking: Ranking | None, words: str) -> dict[str, str] | None:
    """Where `words` stand, with the text around them. None where the beginning of the prompt shows them anyway, and where the
    text spells them differently."""
    if not words or words.casefold() in snippet(comparison.messages[-1].content).casefold():
        return None
    for where, text in _texts(comparison, ranking):
        line = " ".join(text.split())
        if match := re.search(re.escape(words), line, re.IGNORECASE):
            start = max(0, match.start() - BEFORE)
            before = ("…" if start else "") + line[start : match.start()]
            after = line[match.end() : match.end() + SNIPPET]
            return {"where": where, "before": before, "words": match[0], "after": after}
    return None


def _texts(comparison: Comparison, ranking: Ranking | None) -> list[tuple[str, str]]:
    turns = [("conversation", m.content) for m in comparison.messages if m.role != "system"]
    replies = [(f"reply {letter(i)}", candidate.text) for i, candidate in enumerate(comparison.candidates)]
    own = [("note", ranking.note), ("rewrite", ranking.edit or "")] if ranking else []
    return [*own, *replies, *turns]


def ranking_summary(entry: Entry) -> str:
    """The ranking in short: `A > B`."""
    if entry.taken_out is not None:
        return f"excluded ({order(entry.as_ranked)})"
    return order(entry.comparison)


def order(comparison: Comparison) -> str:
    """The replies from best to worst, or why there is no order."""
    ranking = comparison.ranking
    if ranking is None:
        return "skipped" if comparison.status == ComparisonStatus.skipped else "waiting"
    if ranking.all_bad:
        return "all bad"
    if len(ranking.groups) == 1:
        return "tie"
    letters = {candidate.id: letter(i) for i, candidate in enumerate(comparison.candidates)}
    return " > ".join(" = ".join(sorted(letters[name] for name in group)) for group in ranking.groups)


def _when(comparison: Comparison) -> datetime | None:
    """When it was ranked or, without a ranking, made. None for a damaged date."""
    moment = comparison.created_at if comparison.ranking is None else comparison.ranking.created_at
    return None if damaged([moment]) else moment


def found_line(page: EntryPage, wanted: RankingSearch) -> str:
    """How many rankings were found."""
    if wanted == RankingSearch():
        return count(page.found, "comparison")
    if page.next_cursor and not page.entries:
        return "Nothing found among the newest comparisons. “Show more” searches older ones."
    about = "About " if page.estimated else ""
    missing = f"; {count(page.unindexed, 'comparison')} not searched yet" if page.unindexed else ""
    return f"{about}{count(page.found, 'ranking')} found{missing}"


def nothing() -> Markup:
    """The list while there is no comparison."""
    return render("data/no_rankings.html")


def not_found() -> Markup:
    """The list where no comparison matches."""
    return render("data/nothing_found.html")


# One of them


def detail(entry: Entry, guess: Guess | None, other: Comparison | None, called: Names = str) -> Markup:
    """Everything about a comparison, and the form that edits it. `other` is the same pair the other time."""
    comparison = entry.as_ranked
    ranking = comparison.ranking
    return render(
        "data/ranking.html",
        **_conversation(comparison.messages),
        cards=[_card(comparison, i, called) for i in range(len(comparison.candidates))],
        ranking=ranking,
        rewrite=safe_html(ranking.edit) if ranking and ranking.edit else "",
        when=_when(comparison),
        guess=guess_line(comparison, guess) if ranking else "",
        selection=REPEATED if comparison.repeat_of else SELECTIONS[comparison.selection],
        other=other,
        repeated=_repeated(comparison, other) if other else "",
        damaged=comparison.damaged,
        tags=comparison.tags,
        excluded=entry.taken_out is not None,
        rankable=len(comparison.candidates) <= MOST_REPLIES,
        form=form(comparison),
    )


def _conversation(messages: Sequence[Message]) -> dict[str, Any]:
    turns = [
        {"role": turn.role, "who": "You" if turn.role == "user" else "Reply", "html": safe_html(turn.content)}
        for turn in messages
        if turn.role != "system"
    ]
    system = [message.content for message in messages if message.role == "system"]
    return {"system_prompts": system, "turns": turns}


def _card(comparison: Comparison, index: int, called: Names) -> dict[str, Any]:
    """A reply. The page names its version only after the ranking."""
    candidate, ranking = comparison.candidates[index], comparison.ranking
    groups = ranking.groups if ranking and not ranking.all_bad else ()
    characters = count(len(candidate.text), "character")
    return {
        "letter": letter(index),
        "won": len(groups) > 1 and candidate.id in groups[0],
        "model": called(candidate.model),
        "place": _place(comparison, candidate.id),
        "html": safe_html(candidate.text),
        "size": f"{side(comparison, index)}, {characters}, {count(len(candidate.text.split()), 'word')}",
    }


def _place(comparison: Comparison, candidate_id: str) -> str:
    ranking = comparison.ranking
    if ranking is None:
        return ""
    if ranking.all_bad:
        return "all bad"
    return "tie" if len(ranking.groups) == 1 else f"place {places_of(comparison)[candidate_id]}"


def side(comparison: Comparison, index: int) -> str:
    """Where the reply was shown."""
    candidates = comparison.candidates
    at = sorted(candidates, key=lambda one: one.position).index(candidates[index])
    names = SIDES.get(len(candidates))
    return names[at] if names else f"{at + 1}. from the left"


def _repeated(comparison: Comparison, other: Comparison) -> str:
    """How the ranking compares with that of the other time."""
    if comparison.repeat_of:
        return repeat_line(compare_rankings(other, comparison))
    later = LATER.get(compare_rankings(comparison, other) or "", "all bad one of the two times")
    return f"Repeated later: {later}."


def consistency(known: Consistency) -> Markup:
    """How often the owner made the same choice when a pair was repeated."""
    ties = known.self_agreement.ties
    return render(
        "data/consistency.html",
        pairs=count(known.pairs, "pair was", "pairs were") if known.pairs else "",
        same=known.self_agreement.same,
        ties=count(ties, "pair") if ties else "",
        differing=count(known.differing, "pair") if known.differing else "",
    )


def deletion_question(asked: int, all_ids: int, desks: Sequence[str] = (), about: bool = False) -> str:
    """What a deletion of `asked` comparisons means. It deletes `all_ids`, because repeated pairs go with them. `desks` hold copies; `about`:
    the number is an estimate."""
    more = (
        f" {count(all_ids - asked, 'more is', 'more are')} the same pair, ranked at another time, and will be deleted too."
        if all_ids > asked
        else ""
    )
    copies = f" Copies in {' and '.join(desks)} are deleted at the next sync." if desks else ""
    return (
        f"This will delete {'about ' if about else ''}{count(asked, 'comparison')} permanently: prompts, replies, votes and guesses.{more}{copies} Snapshots and "
        "versions of past rounds keep what they were trained on. Other comparisons and chats with the same prompt stay. Continue?"
    )
