"""The items of an import as JSON values, and back. Pure."""

from typing import Any

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.documents import messages_of, turns
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import rankings
from feedback_app.formats.reading import Item


def value_of(item: Item) -> list[Any]:
    """A list that begins with the kind of the item."""
    match item:
        case Comparison():
            return ["comparison", rankings.dump(item)]
        case PreferencePair():
            models = item.chosen_model, item.rejected_model, item.annotator
            return ["pair", turns(item.prompt), item.chosen, item.rejected, item.comparison_id, *models]
        case Rating():
            return ["rating", turns(item.prompt), item.reply, item.good, item.source]
        case Demonstration():
            return ["demonstration", turns(item.prompt), item.reply, item.source]


def item_of(value: list[Any]) -> Item:
    """The item that gave the value."""
    kind, first, *rest = value
    match kind:
        case "comparison":
            return rankings.load(first)
        case "pair":
            return PreferencePair(messages_of(first), *rest)
        case "rating":
            return Rating(messages_of(first), *rest)
    return Demonstration(messages_of(first), *rest)
