"""What the arena page says about a comparison. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking
from feedback_app.domain.guess import Guess
from feedback_app.services.repeats import Again
from feedback_app.ui.text import count

LETTERS = "ABCD"
ANY_TOPIC = "Any topic"
ORDINALS = ("1st", "2nd", "3rd", "4th")
EMPTY = (
    '<div class="empty"><p class="empty-title">Which reply sounds more like you?</p><p>Draw a prompt, or write one above: '
    "the replies appear here side by side, without the names of their models.</p></div>"
)


def asked(comparison: Comparison) -> str:
    """The prompt of a comparison as HTML."""
    text = escape(comparison.messages[-1].content)
    topic = (
        f'<span class="tag">{escape(comparison.tags[0].replace("_", " "))}</span>' if comparison.tags else ""
    )
    return f'<section class="asked" aria-label="Prompt">{topic}<p class="plain">{text}</p></section>'


def places_of(comparison: Comparison) -> dict[str, int]:
    """The place of each candidate, from 1; tied candidates share one. Empty without a ranking."""
    if comparison.ranking is None:
        return {}
    return {name: i for i, group in enumerate(comparison.ranking.groups, start=1) for name in group}


def groups_from(ids: Sequence[str], places: Sequence[int | None]) -> tuple[tuple[str, ...], ...]:
    """Groups, best first. Candidates without a place share the last one. Raises InvalidRanking if none has any."""
    given = {place for place in places if place is not None}
    if not given:
        raise InvalidRanking("give at least one reply a place first; the others share the last one")
    last = max(given) + 1
    filled = [last if place is None else place for place in places]
    return tuple(
        tuple(name for name, place in zip(ids, filled, strict=True) if place == wanted)
        for wanted in sorted(set(filled))
    )


def model_label(version: str, aliases: Mapping[str, str]) -> str:
    """`dpo-3 (latest)`."""
    names = [alias for alias in ("latest", "champion") if aliases.get(alias) == version and version != "base"]
    return f"{version} ({', '.join(names)})" if names else version


def card_head(comparison: Comparison, index: int, aliases: Mapping[str, str]) -> str:
    """The letter of a card, and once it is ranked its model and place."""
    letter = f'<span class="letter" aria-hidden="true">{LETTERS[index]}</span>'
    if comparison.status != ComparisonStatus.ranked or comparison.ranking is None:
        state = "writing…" if comparison.status == ComparisonStatus.generating else ""
        return f'<div class="card-head">{letter}<h2 class="sr">Reply {LETTERS[index]}</h2><span class="quiet">{state}</span></div>'
    candidate = comparison.candidates[index]
    place = "all bad" if comparison.ranking.all_bad else ORDINALS[places_of(comparison)[candidate.id] - 1]
    model = escape(model_label(candidate.model, aliases))
    return (
        f'<div class="card-head">{letter}<h2 class="sr">Reply {LETTERS[index]}</h2>'
        f'<span class="model">{model}</span><span class="place">{place}</span></div>'
    )


def card_classes(comparison: Comparison, index: int) -> list[str]:
    """The winner's card stands out."""
    ranking = comparison.ranking
    won = (
        comparison.status == ComparisonStatus.ranked
        and ranking is not None
        and not ranking.all_bad
        and len(ranking.groups) > 1
        and comparison.candidates[index].id in ranking.groups[0]
    )
    return ["card", "won"] if won else ["card"]


def verdict_line(comparison: Comparison, aliases: Mapping[str, str]) -> str:
    """What was decided, and which model wrote which reply."""
    ranking = comparison.ranking
    if ranking is None:
        return "Skipped."
    letters = {candidate.id: LETTERS[i] for i, candidate in enumerate(comparison.candidates)}
    order = " > ".join(" = ".join(sorted(letters[name] for name in group)) for group in ranking.groups)
    said = "All bad" if ranking.all_bad else "A tie" if len(ranking.groups) == 1 else f"You ranked {order}"
    models = ", ".join(
        f"{letters[candidate.id]} was {model_label(candidate.model, aliases)}"
        for candidate in comparison.candidates
    )
    return f"{said}. {models}."


def guess_line(comparison: Comparison, guess: Guess | None) -> str:
    """What the live reward model had expected; empty where it had not guessed. Only for after the verdict."""
    ranking = comparison.ranking
    if guess is None or ranking is None or len(guess.probabilities) != len(comparison.candidates):
        return ""
    likeliest = " or ".join(LETTERS[i] for i in guess.best[: len(LETTERS)])
    sure = f"({round(100 * guess.confidence)} %)"
    if len(guess.best) > 1:
        return f"I could not tell {likeliest} apart {sure}."
    if ranking.all_bad:
        return f"Had you chosen one, I guessed {likeliest} {sure}."
    tie = ", not a tie" if len(ranking.groups) == 1 else ""
    return f"I guessed you would choose {likeliest} {sure}{tie}."


def repeat_line(again: Again | None) -> str:
    """How the verdict on a pair that came back compares with the first one; empty for any other comparison."""
    told = {
        "same": "the same way",
        "reversed": "the other way round",
        "tie": "one of the two times as a tie",
        "bad": "one of the two times as all bad",
    }
    return f"You have judged this pair before: {told[again]}." if again else ""


def progress_line(counts: Mapping[str, int], train_pairs: int, min_pairs: int) -> str:
    """How far it is to the next round, as HTML."""
    ranked = counts.get("ranked", 0)
    missing = min_pairs - train_pairs
    enough = 'enough for a <a href="rounds">round</a>'
    then = f"a round needs {missing:,} more" if missing > 0 else enough
    share = min(100, round(100 * train_pairs / min_pairs))
    bar = f'<span class="bar" aria-hidden="true"><span style="width:{share}%"></span></span>'
    told = f"{count(ranked, 'ranking')} · {count(train_pairs, 'pair')} to train on · {then}"
    return f'<p class="progress">{bar}{told}</p>'


def fits(comparison: Comparison, n: int, topic: str) -> bool:
    """Whether a waiting comparison is of the kind that is asked for."""
    return len(comparison.candidates) == n and (topic == ANY_TOPIC or topic in comparison.tags)
