"""Two versions beside each other in the chat: the same messages, two threads, one verdict."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedback_app.domain.comparison import InvalidPrompt, InvalidRanking, Message, Sampling
from feedback_app.domain.persona import Persona
from feedback_app.domain.preference import preference_pairs
from feedback_app.domain.round import Checkpoint
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.planning import ComparisonPlanner
from feedback_app.services.arena.prompt_packs import PromptPacks
from feedback_app.services.chat.chat import Busy, Chat
from feedback_app.services.chat.side_by_side import Better, Pair, SideBySide
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import BaseFiles, Models
from feedback_app.services.leaderboard.leaderboard import Leaderboard
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import ConversationNotFound, Store
from tests.fakes import ScriptedEngine
from tests.waiting import until

LYNN = Persona("lynn", "Lynn", "A companion.", "You are Lynn.", "Hi!")


@dataclass
class Bench:
    store: Store
    engine: ScriptedEngine
    generations: Generations
    chat: Chat
    beside: SideBySide

    def begun(self) -> Pair:
        return self.beside.join(self.chat.begin("base", "lynn").id, "dpo-1")

    def told(self, pair: Pair, text: str) -> Pair:
        """Both have answered it."""
        self.beside.say(pair.left.id, text)
        return self.rested(pair)

    def rested(self, pair: Pair) -> Pair:
        until(lambda: not self.beside.writing(pair), every=0.005)
        return self.beside.pair(pair.left.id)


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Iterator[Bench]:
    store.checkpoints.add(Checkpoint("dpo-1", "nowhere", passed=True))
    engine = ScriptedEngine({"base": ("Plain.", "Plainer."), "dpo-1": ("Warm.", "Warmer.")})
    generations, models = Generations(engine), Models(store, lambda: BaseFiles("tiny", Path("base"), None))
    chance, packs = random.Random(0), PromptPacks(tmp_path)
    planner = ComparisonPlanner(models, lambda: LYNN, 2, Sampling, chance)
    arena = Arena(store, planner, generations, packs, ("argilla",), chance, LiveRewardService(store))
    chat = Chat(store, models, generations, lambda name: LYNN, Sampling, BestOf(()))
    yield Bench(store, engine, generations, chat, SideBySide(store, models, chat, arena, Sampling))
    generations.close()


def replies(pair: Pair) -> list[list[str]]:
    return [[turn.content for turn in one.turns if turn.role == "assistant"] for one in pair.both]


def test_both_hear_the_same_and_each_keeps_its_own_thread(bench: Bench) -> None:
    pair = bench.told(bench.told(bench.begun(), "Hello"), "And then?")
    assert [one.model for one in pair.both] == ["base", "dpo-1"]
    assert replies(pair) == [["Plain.", "Plainer."], ["Warm.", "Warmer."]]
    last = {request.model: request.messages for request in bench.engine.requests}
    assert [m.content for m in last["base"]] == ["You are Lynn.", "Hello", "Plain.", "And then?"]
    assert [m.content for m in last["dpo-1"]] == ["You are Lynn.", "Hello", "Warm.", "And then?"]


def test_the_list_shows_the_pair_once_and_finds_it_by_the_words_of_either(bench: Bench) -> None:
    pair = bench.told(bench.begun(), "Hello")
    assert [one.id for one in bench.chat.list()] == [pair.left.id]
    assert [one.id for one in bench.chat.list(words="warm")] == [pair.left.id]


def test_a_version_that_joins_later_is_told_what_was_said_without_thumbs_and_rewrites(bench: Bench) -> None:
    alone = bench.chat.begin("base", "lynn")
    list(bench.chat.say(alone.id, "Hello"))
    bench.chat.rate(alone.id, 1, 1)
    bench.chat.edit(alone.id, 1, "Mine.")
    joined = bench.beside.join(alone.id, "dpo-1").right
    assert [(turn.content, turn.rating, turn.original) for turn in joined.turns] == [
        ("Hello", None, None),
        ("Mine.", None, None),
    ]


@pytest.mark.parametrize(
    ("better", "groups", "pairs"),
    [
        ("left", (("c1",), ("c2",)), 1),
        ("right", (("c2",), ("c1",)), 1),
        ("tie", (("c1", "c2"),), 0),
        ("bad", (("c1", "c2"),), 0),
    ],
)
def test_a_verdict_is_a_ranking_by_the_owner_that_the_leaderboard_leaves_out(
    bench: Bench, better: Better, groups: tuple[tuple[str, ...], ...], pairs: int
) -> None:
    pair = bench.told(bench.begun(), "Hello")
    ranked = bench.store.comparisons.get(bench.beside.rank(pair.left.id, better).id)
    assert ranked.ranking is not None
    assert (ranked.ranking.groups, ranked.ranking.annotator) == (groups, "owner")
    assert (ranked.source, ranked.selection, ranked.persona) == ("chat", "named", "lynn")
    assert [(c.model, c.text) for c in ranked.candidates] == [("base", "Plain."), ("dpo-1", "Warm.")]
    assert ranked.messages == (Message("system", "You are Lynn."), Message("user", "Hello"))
    assert len(preference_pairs(ranked)) == pairs
    assert bench.beside.outcome(pair) == better
    assert Leaderboard(bench.store).board().comparisons == 0


def test_another_verdict_on_the_same_replies_replaces_the_first(bench: Bench) -> None:
    pair = bench.told(bench.begun(), "Hello")
    first, second = (bench.beside.rank(pair.left.id, better) for better in ("left", "tie"))
    assert first.id == second.id
    assert bench.beside.outcome(pair) == "tie"
    assert bench.store.comparisons.counts()["ranked"] == 1
    bench.beside.regenerate(pair.left.id)
    assert bench.beside.outcome(bench.rested(pair)) is None


def test_replies_to_threads_that_parted_cannot_be_ranked(bench: Bench) -> None:
    pair = bench.told(bench.told(bench.begun(), "Hello"), "And then?")
    with pytest.raises(InvalidRanking, match="same conversation"):
        bench.beside.rank(pair.left.id, "left")
    assert bench.beside.outcome(pair) is None


def test_two_replies_that_say_the_same_are_nothing_to_compare(bench: Bench) -> None:
    bench.engine.replies["dpo-1"] = ["Plain."]
    pair = bench.told(bench.begun(), "Hello")
    with pytest.raises(InvalidRanking, match="both say the same"):
        bench.beside.rank(pair.left.id, "left")


@pytest.mark.parametrize("side", [0, 1])
def test_one_goes_on_alone_and_the_other_stays_in_the_list(bench: Bench, side: int) -> None:
    pair = bench.told(bench.begun(), "Hello")
    kept, other = pair.both[side], pair.both[1 - side]
    assert bench.beside.keep(pair.left.id, kept.id).beside is None
    called = "base model" if other.model == "base" else "version 1"
    titles = {one.id: one.title for one in bench.chat.list()}
    assert titles == {kept.id: "Hello", other.id: f"Hello · {called}"}
    list(bench.chat.say(kept.id, "And then?"))
    assert len(bench.chat.get(other.id).turns) == 2
    with pytest.raises(ConversationNotFound, match="reload"):
        bench.beside.rank(pair.left.id, "tie")


def test_deleting_takes_both(bench: Bench) -> None:
    pair = bench.told(bench.begun(), "Hello")
    bench.chat.delete(pair.left.id)
    assert bench.chat.list() == []
    with pytest.raises(ConversationNotFound):
        bench.chat.get(pair.right.id)


def test_the_same_version_twice_and_a_third_are_refused(bench: Bench) -> None:
    with pytest.raises(InvalidPrompt, match="pick a different version to compare"):
        bench.beside.check("latest", "base")
    with pytest.raises(InvalidPrompt, match="keep one of them first"):
        bench.beside.join(bench.begun().left.id, "dpo-1")


def test_two_replies_are_not_ranked_while_one_is_being_written(bench: Bench) -> None:
    pair = bench.told(bench.begun(), "Hello")
    free = threading.Event()
    bench.generations.start(pair.right.id, [], keep=lambda replies: free.wait(20))
    with pytest.raises(Busy, match="still being answered"):
        bench.beside.rank(pair.left.id, "left")
    free.set()


def test_nobody_is_told_more_while_one_still_answers(bench: Bench) -> None:
    pair = bench.told(bench.begun(), "Hello")
    free = threading.Event()
    bench.generations.start(pair.right.id, [], keep=lambda replies: free.wait(20))
    with pytest.raises(Busy):
        bench.beside.say(pair.left.id, "And then?")
    free.set()
    assert len(bench.chat.get(pair.left.id).turns) == 2


def test_both_are_watched_until_both_are_written(bench: Bench) -> None:
    pair = bench.begun()
    bench.beside.say(pair.left.id, "Hello")
    list(bench.beside.watch(bench.beside.pair(pair.left.id), 0.001))
    assert replies(bench.beside.pair(pair.left.id)) == [["Plain."], ["Warm."]]


def test_why_one_has_not_answered_is_known_until_it_has(bench: Bench) -> None:
    pair = bench.told(bench.begun(), "Hello")
    bench.engine.broken = "the engine is away"
    pair = bench.told(pair, "And then?")
    problem = bench.chat.problem(pair.right.id)
    assert problem is not None
    assert (problem.kind, bench.generations.away) == ("engine", True)
    assert not bench.generations.answers(["base"])
    bench.engine.broken = ""
    assert bench.generations.answers(["base"])
    bench.beside.regenerate(pair.left.id)
    assert replies(bench.rested(pair)) == [["Plain.", "Plainer."], ["Warm.", "Warmer."]]
    assert bench.chat.problem(pair.right.id) is None
