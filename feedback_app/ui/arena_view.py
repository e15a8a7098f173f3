"""What the arena page says about a comparison. Pure."""

from collections.abc import Callable

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.guess import Guess
from feedback_app.services.repeats import Again

LETTERS = "ABCD"
ORDINALS = ("1st", "2nd", "3rd", "4th")
SAVED = "The next round can learn from your version."

Names = Callable[[str], str]
"""What to call a model version on the page."""


def places_of(comparison: Comparison) -> dict[str, int]:
    """The place of each candidate, from 1; tied candidates share one. Empty without a ranking."""
    if comparison.ranking is None:
        return {}
    return {name: i for i, group in enumerate(comparison.ranking.groups, start=1) for name in group}


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


def verdict_line(comparison: Comparison, name: Names) -> str:
    """What was decided, and which model wrote which reply."""
    ranking = comparison.ranking
    if ranking is None:
        return "Skipped."
    undecided = ranking.all_bad or len(ranking.groups) == 1
    said = "All bad." if ranking.all_bad else "A tie." if undecided else f"You ranked {order(comparison)}."
    if ranking.edit:
        said = f"Saved. {SAVED}" if undecided else f"{said} {SAVED}"
    return f"{said} {who_wrote(comparison, name)}"


def order(comparison: Comparison) -> str:
    """`B > A = C`. Empty without a ranking."""
    letters = {candidate.id: LETTERS[i] for i, candidate in enumerate(comparison.candidates)}
    groups = comparison.ranking.groups if comparison.ranking else ()
    return " > ".join(" = ".join(sorted(letters[one] for one in group)) for group in groups)


def who_wrote(comparison: Comparison, name: Names) -> str:
    """`A was version 2, yesterday; B was the base model.`"""
    models = [candidate.model for candidate in comparison.candidates]
    if len(set(models)) == 1:
        return f"{'Both' if len(models) == 2 else 'All'} replies are from {the(name(models[0]))}."
    return "; ".join(f"{LETTERS[i]} was {the(name(model))}" for i, model in enumerate(models)) + "."


def the(name: str) -> str:
    """A version's name within a sentence."""
    return f"the {name}" if name.startswith("base model") else name


def replies_to_go_on(comparison: Comparison) -> list[dict[str, str]]:
    """What the conversation may go on with: the owner's rewrite, or else each reply that was put first."""
    ranking = comparison.ranking
    if ranking is None or (ranking.all_bad and not ranking.edit):
        return []
    if ranking.edit:
        return [{"reply": "edit", "label": "your version"}]
    first = [i for i, candidate in enumerate(comparison.candidates) if candidate.id in ranking.groups[0]]
    return [{"reply": comparison.candidates[i].id, "label": LETTERS[i]} for i in first]


def guess_line(comparison: Comparison, guess: Guess | None) -> str:
    """What the live reward model had expected; empty where it had not guessed. Only for after the verdict."""
    ranking = comparison.ranking
    if guess is None or ranking is None or len(guess.probabilities) != len(comparison.candidates):
        return ""
    if ranking.edit and len(ranking.groups) == 1:  # the owner's version won, which no guess is about
        return ""
    percent, even = round(100 * guess.confidence), round(100 / len(guess.probabilities))
    best = range(len(guess.probabilities)) if percent == even else guess.best
    likeliest = " and ".join(LETTERS[i] for i in best)
    sure = f"({percent} %)"
    if len(best) > 1:
        return f"I could not tell {likeliest} apart {sure}."
    if ranking.all_bad:
        return f"I would have guessed {likeliest} {sure}."
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
