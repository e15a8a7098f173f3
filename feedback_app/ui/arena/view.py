"""The sentences of the Arena page about a comparison. Pure."""

from collections.abc import Callable

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.guess import Guess
from feedback_app.domain.repeats import RepeatOutcome
from feedback_app.services.arena.comparisons import EDIT, EarlierTurn

LETTERS = "ABCD"
ORDINALS = ("1st", "2nd", "3rd", "4th")
SAVED = "The next round can learn from your version."

Names = Callable[[str], str]
"""Version -> what the page calls it."""


def places_of(comparison: Comparison) -> dict[str, int]:
    """The place of each candidate, from 1; tied candidates share one. Empty without a ranking."""
    if comparison.ranking is None:
        return {}
    return {name: i for i, group in enumerate(comparison.ranking.groups, start=1) for name in group}


def place_name(comparison: Comparison, index: int) -> str:
    """`1st`, `tie` or `all bad`; empty until the comparison is ranked."""
    ranking = comparison.ranking
    if comparison.status is not ComparisonStatus.ranked or ranking is None:
        return ""
    if ranking.all_bad:
        return "all bad"
    if len(ranking.groups) == 1:
        return "tie"
    return ORDINALS[places_of(comparison)[comparison.candidates[index].id] - 1]


def winner(comparison: Comparison, index: int) -> bool:
    """Whether that candidate is in the first place, and not all candidates are tied."""
    ranking = comparison.ranking
    return (
        comparison.status == ComparisonStatus.ranked
        and ranking is not None
        and not ranking.all_bad
        and len(ranking.groups) > 1
        and comparison.candidates[index].id in ranking.groups[0]
    )


def ranking_line(comparison: Comparison, name: Names) -> str:
    """The ranking, and which model wrote which reply."""
    ranking = comparison.ranking
    if ranking is None:
        return "Skipped."
    undecided = ranking.all_bad or len(ranking.groups) == 1
    line = "All bad." if ranking.all_bad else "A tie." if undecided else f"You ranked {order(comparison)}."
    if ranking.edit:
        line = f"Saved. {SAVED}" if undecided else f"{line} {SAVED}"
    return f"{line} {who_wrote(comparison, name)}"


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


def origin(turn: EarlierTurn, name: Names) -> str:
    """`B was your choice over A. A was the base model; B was version 2, yesterday.`"""
    candidates = turn.comparison.candidates
    others = " and ".join(LETTERS[i] for i, one in enumerate(candidates) if one.id != turn.reply)
    wrote = who_wrote(turn.comparison, name)
    if turn.reply == EDIT:
        return f"Your version, instead of {others}. {wrote}"
    own = next(LETTERS[i] for i, one in enumerate(candidates) if one.id == turn.reply)
    return f"{own} {_how_ranked(turn)} {others}. {wrote}"


def _how_ranked(turn: EarlierTurn) -> str:
    ranking = turn.comparison.ranking
    if ranking is None or ranking.all_bad or len(ranking.groups) == 1:
        return "was level with"
    return "was your choice over" if turn.reply in ranking.groups[0] else "was not your choice of"


def replies_to_continue_from(comparison: Comparison) -> list[dict[str, str]]:
    """What the conversation can continue with: the owner's rewrite, or else each reply in the first place."""
    ranking = comparison.ranking
    if ranking is None or (ranking.all_bad and not ranking.edit):
        return []
    if ranking.edit:
        return [{"reply": EDIT, "label": "your version"}]
    first = [i for i, candidate in enumerate(comparison.candidates) if candidate.id in ranking.groups[0]]
    return [{"reply": comparison.candidates[i].id, "label": LETTERS[i]} for i in first]


def guess_line(comparison: Comparison, guess: Guess | None) -> str:
    """What the live reward model expected, for after the vote. Empty without a guess."""
    ranking = comparison.ranking
    if guess is None or ranking is None or len(guess.probabilities) != len(comparison.candidates):
        return ""
    if ranking.edit and len(ranking.groups) == 1:  # the owner's version won, and the guess was not about it
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


def repeat_line(outcome: RepeatOutcome | None) -> str:
    """How the ranking of a repeated pair compares with the first one. Empty for any other comparison."""
    outcomes = {
        "same": "the same way",
        "reversed": "the other way round",
        "tie": "one of the two times as a tie",
        "bad": "one of the two times as all bad",
    }
    return f"You have judged this pair before: {outcomes[outcome]}." if outcome else ""
