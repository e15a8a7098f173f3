"""Stores on new SQLite files, and what they say."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from feedback_app.domain.preference import preference_pairs
from feedback_app.store import Store

NewStore = Callable[[], Store]


def preferences(store: Store) -> Counter[Any]:
    found = (
        pair for comparison in store.comparisons.with_rankings() for pair in preference_pairs(comparison)
    )
    return Counter((p.prompt, p.chosen, p.rejected) for p in found if p.chosen != p.rejected and p.rejected)
