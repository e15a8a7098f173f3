"""What became of prompts, by their keys."""

from feedback_app.domain.preference import prompt_key
from feedback_app.store import Store
from tests.integration.store.examples import FIRST_BEST, shown


def test_a_prompt_counts_as_skipped_only_where_it_was_skipped_each_time(store: Store) -> None:
    once, twice, other = (shown(text) for text in ("Once?", "Twice?", "Twice?"))
    for comparison in (once, twice, other):
        store.comparisons.add(comparison)
    store.comparisons.skip(once.id)
    store.comparisons.skip(twice.id)
    keys = [prompt_key(comparison.messages) for comparison in (once, twice)]
    assert store.prompts.skipped([*keys, "never asked"]) == {keys[0]}
    store.comparisons.skip(other.id)
    assert store.prompts.skipped(keys) == set(keys)
    assert store.prompts.skipped([]) == set()


def test_the_ranked_comparisons_of_prompts_come_oldest_first(store: Store) -> None:
    made = [shown("Same?"), shown("Same?"), shown("Another?")]
    for comparison in made:
        store.comparisons.add(comparison)
    key = prompt_key(made[0].messages)
    assert store.prompts.ranked([key]) == []
    ranked = [store.comparisons.rank(comparison.id, FIRST_BEST, []) for comparison in made]
    wanted = sorted(ranked[:2], key=lambda one: (one.created_at, one.id))
    assert store.prompts.ranked([key]) == wanted
