"""Filters to find rankings."""

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

RankingFilter = Literal["", "ranked", "tie", "all bad", "skipped", "taken out", "waiting", "damaged"]
SelectionFilter = Literal["", "random", "active", "named", "came back"]
RANKING_FILTERS: tuple[RankingFilter, ...] = get_args(RankingFilter)[1:]
RANKING_LABELS: dict[str, str] = {"taken out": "excluded"}
"""What people read, where that is not the kind's own name."""
SELECTION_FILTERS: tuple[SelectionFilter, ...] = get_args(SelectionFilter)[1:]


@dataclass(frozen=True, slots=True)
class RankingSearch:
    """Comparisons with all of this; an empty field asks for nothing.

    `words` stand in the prompt, a reply, the note or the rewrite; `source` is where the comparison or its verdict comes
    from; the verdict `damaged` is a record of an older version that holds text that no text may be; `differs`: a pair that came back and was judged otherwise. What says who wrote a reply, or that a pair came back
    (`version`, `chosen`), finds only what was judged: votes are blind.
    """

    id: str = ""
    words: str = ""
    verdict: RankingFilter = ""
    source: str = ""
    version: str = ""
    tag: str = ""
    aspect: str = ""
    chosen: SelectionFilter = ""
    differs: bool = False


def folded(text: str) -> str:
    """The same for text that differs only in case, or in how its letters are composed."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
