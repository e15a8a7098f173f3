"""What the arena draws: prompts, pairs that come back, and pairs worth asking about."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Ranking, Sampling
from feedback_app.domain.persona import Persona
from feedback_app.domain.round import Checkpoint
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.pair_selection import (
    ENOUGH_VOTES,
    DraftComparisons,
    PairSelection,
    pairs_to_choose_from,
)
from feedback_app.services.arena.planning import ComparisonPlanner
from feedback_app.services.arena.prompt_packs import PromptPacks
from feedback_app.services.arena.repeats import RANKINGS_BETWEEN, Repeats
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.versions import BaseFiles, Models
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import Store
from tests.fakes import LongerIsBetter, ScriptedEngine
from tests.unit.services.reward.live.examples import ALL_BAD, LONGER_WON, TIE, opened
from tests.waiting import until

LYNN = Persona("lynn", "Lynn", "A companion.", "You are Lynn.", "Hi!")


@dataclass
class Bench:
    """The services that draw, with the model and the shares of a test."""

    store: Store
    arena: Arena
    live: LiveRewardService
    generations: Generations
    engine: ScriptedEngine

    def draws(self, repeat: float = 0, active: float = 0) -> PairSelection:
        chance = random.Random(0)
        repeats = Repeats(self.store, repeat, (), chance)
        drafts = DraftComparisons(self.store, self.arena, self.generations, self.live, (), chance)
        return PairSelection(self.arena, self.live, repeats, drafts, active, chance)


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Iterator[Bench]:
    rows = [{"id": f"t-{i}", "prompt": f"Ask {i}?", "tags": ["talk"]} for i in range(30)]
    (tmp_path / "talk.jsonl").write_text("\n".join(map(json.dumps, rows)))
    engine = ScriptedEngine(
        {"base": ("One.", "Two and a half.", "Five."), "dpo-1": ("Three.", "Four, and some more.")}
    )
    generations, live = Generations(engine), LiveRewardService(store, LongerIsBetter, poll_seconds=3600)
    models = Models(store, lambda: BaseFiles("tiny", Path("base"), None))
    chance = random.Random(0)
    planner = ComparisonPlanner(models, lambda: LYNN, 2, Sampling, chance)
    packs = PromptPacks(tmp_path)
    arena = Arena(store, planner, generations, packs, (), chance, live)
    yield Bench(store, arena, live, generations, engine)
    generations.close()
    live.close()


def judge(store: Store, count: int, ranking: Ranking = LONGER_WON, **changes: object) -> list[Comparison]:
    made = [opened(number, **changes) for number in range(count)]
    for comparison in made:
        store.comparisons.add(comparison)
        store.comparisons.rank(comparison.id, replace(ranking, created_at=comparison.created_at), [])
    return made


def learned(bench: Bench, votes: int) -> None:
    judge(bench.store, votes)
    bench.live.start()
    until(lambda: bench.live.state().votes == votes, every=0.005)


def test_without_shares_every_draw_is_a_fresh_prompt(bench: Bench) -> None:
    judge(bench.store, RANKINGS_BETWEEN + 5)
    drawn = bench.draws().open(None, 2)
    assert drawn is not None
    assert (drawn.repeat_of, drawn.selection, drawn.tags) == (None, "random", ("talk",))
    assert bench.draws().open("nothing", 2) is None


def test_a_pair_judged_long_ago_comes_back_with_its_sides_changed(bench: Bench) -> None:
    made = judge(bench.store, RANKINGS_BETWEEN + 1)
    drawn = bench.draws(repeat=1).open("talk", 2)
    assert drawn is not None
    assert drawn.repeat_of == made[0].id
    assert drawn.status == ComparisonStatus.open
    assert [c.text for c in drawn.candidates] == [c.text for c in reversed(made[0].candidates)]
    assert [(c.id, c.position) for c in drawn.candidates] == [("c1", 1), ("c2", 2)]
    assert bench.store.comparisons.get(drawn.id) == drawn


def test_each_pair_comes_back_once_and_a_repeat_never(bench: Bench) -> None:
    judge(bench.store, RANKINGS_BETWEEN + 2)
    draws = bench.draws(repeat=1)
    for _ in range(2):
        repeat = draws.open(None, 2)
        assert repeat is not None
        assert repeat.repeat_of is not None
        bench.store.comparisons.rank(repeat.id, LONGER_WON, [])
    judged = bench.store.repeats.ranked_pairs()
    assert len({pair.original for pair in judged}) == 2
    judge(bench.store, RANKINGS_BETWEEN, texts=("a", "b", "c"), ranking=Ranking((("c1",), ("c2", "c3"))))
    later = [draws.open(None, 2) for _ in range(30)]
    compare_rankings = {c.repeat_of for c in later if c is not None and c.repeat_of}
    assert compare_rankings.isdisjoint({name for pair in judged for name in (pair.original, pair.repeat)})


@pytest.mark.parametrize(
    "changes",
    [{"source": "import:trl"}, {"ranking": ALL_BAD}, {"texts": ("a", "b", "c"), "ranking": TIE}],
)
def test_what_was_imported_all_bad_or_of_more_than_two_does_not_come_back(
    bench: Bench, changes: dict[str, object]
) -> None:
    if "texts" in changes:
        changes = changes | {"ranking": Ranking((("c1", "c2", "c3"),))}
    judge(bench.store, RANKINGS_BETWEEN + 3, **changes)  # type: ignore[arg-type]
    assert bench.store.repeats.candidates(RANKINGS_BETWEEN) == []
    drawn = bench.draws(repeat=1).open(None, 2)
    assert drawn is not None
    assert drawn.repeat_of is None


def test_more_than_two_replies_are_never_a_repeat(bench: Bench) -> None:
    judge(bench.store, RANKINGS_BETWEEN + 5)
    drawn = bench.draws(repeat=1).open(None, 3)
    assert drawn is not None
    assert len(drawn.candidates) == 3


def test_of_four_replies_those_two_are_shown_that_teach_most(bench: Bench) -> None:
    bench.store.checkpoints.add(Checkpoint("dpo-1", "nowhere", passed=True))
    bench.store.checkpoints.promote("dpo-1", "test")
    learned(bench, ENOUGH_VOTES)
    bench.draws(active=1).prepare(None, 2)
    until(bench.arena.unfinished, every=0.005)
    found = bench.arena.unfinished()
    assert found is not None
    assert (found.selection, found.status, len(bench.engine.requests)) == ("active", ComparisonStatus.open, 4)
    assert {c.text for c in found.candidates} == {"One.", "Three."}
    assert [c.id for c in found.candidates] == ["c1", "c2"]
    assert len({c.model for c in found.candidates}) == 2
    until(lambda: bench.store.guesses.get(found.id), every=0.005)


def test_one_draft_is_written_at_a_time_and_its_prompt_is_not_drawn_meanwhile(bench: Bench) -> None:
    learned(bench, ENOUGH_VOTES)
    draws = bench.draws(active=1)
    draws._drafts.writing.add("a key")
    draws.prepare(None, 2)
    assert bench.engine.requests == []
    taken = {prompt.key for prompt in bench.arena.packs._prompts[1:]}
    drawn = bench.arena.draw(None, taken)
    assert drawn is not None
    assert drawn.key == bench.arena.packs._prompts[0].key


@pytest.mark.parametrize(("votes", "n"), [(ENOUGH_VOTES - 1, 2), (ENOUGH_VOTES, 3)])
def test_too_few_verdicts_or_more_replies_are_an_ordinary_draw(bench: Bench, votes: int, n: int) -> None:
    learned(bench, votes)
    bench.draws(active=1).prepare(None, n)
    until(bench.arena.unfinished, every=0.005)
    found = bench.arena.unfinished()
    assert found is not None
    assert (found.selection, len(found.candidates)) == ("random", n)


def test_a_draft_that_fails_makes_room_for_the_next(bench: Bench) -> None:
    learned(bench, ENOUGH_VOTES)
    bench.engine.broken = "the engine is away"
    draws = bench.draws(active=1)
    draws.prepare(None, 2)
    until(lambda: not draws._drafts.writing, every=0.005)
    assert bench.arena.unfinished() is None


def test_pairs_to_choose_from_are_of_two_models_and_of_two_texts_where_they_can_be() -> None:
    four = opened(texts=("a", "b", "a", "c"))
    of_models = [replace(c, model=m) for c, m in zip(four.candidates, ("x", "x", "y", "y"), strict=True)]
    assert pairs_to_choose_from(replace(four, candidates=tuple(of_models))) == [(0, 3), (1, 2), (1, 3)]
    assert len(pairs_to_choose_from(four)) == 5
    assert pairs_to_choose_from(opened(texts=("a", "a", "a", "a"))) == []
