"""What the arena page says about a comparison. Pure."""

from collections.abc import Mapping

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.guess import Guess
from feedback_app.services.repeats import Again

LETTERS = "ABCD"
ORDINALS = ("1st", "2nd", "3rd", "4th")


def places_of(comparison: Comparison) -> dict[str, int]:
    """The place of each candidate, from 1; tied candidates share one. Empty without a ranking."""
    if comparison.ranking is None:
        return {}
    return {name: i for i, group in enumerate(comparison.ranking.groups, start=1) for name in group}


def model_label(version: str, aliases: Mapping[str, str]) -> str:
    """`dpo-3 (latest)`."""
    names = [alias for alias in ("latest", "champion") if aliases.get(alias) == version and version != "base"]
    return f"{version} ({', '.join(names)})" if names else version


def winner(comparison: Comparison, index: int) -> bool:
    """Whether that candidate was put first, and not all were alike."""
    ranking = comparison.ranking
    return (
        comparison.status == ComparisonStatus.ranked
        and ranking is not None
        and not ranking.all_bad
        and len(ranking.groups) > 1
        and comparison.candidates[index].id in ranking.groups[0]
    )


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


def replies_to_go_on(comparison: Comparison) -> list[dict[str, str]]:
    """What the conversation may go on with: the owner's rewrite, or else each reply that was put first."""
    ranking = comparison.ranking
    if ranking is None or (ranking.all_bad and not ranking.edit):
        return []
    if ranking.edit:
        return [{"reply": "edit", "label": "your rewrite"}]
    first = [i for i, candidate in enumerate(comparison.candidates) if candidate.id in ranking.groups[0]]
    return [{"reply": comparison.candidates[i].id, "label": LETTERS[i]} for i in first]


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
