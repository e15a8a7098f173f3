"""Arena, chat and rounds on a real SQLite store, with an engine that gives set replies."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    InvalidPrompt,
    Message,
    Ranking,
    Sampling,
)
from feedback_app.domain.persona import Persona
from feedback_app.domain.round import Checkpoint, InvalidRound
from feedback_app.engines.base import UnknownModel
from feedback_app.services.annotation.desks import Desks
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.planning import ComparisonPlanner, line_up
from feedback_app.services.arena.prompt_packs import PromptPacks
from feedback_app.services.chat.chat import Chat
from feedback_app.services.generation.background import Generations, Problem
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import BaseFiles, Models
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.store import ComparisonNotFound, Store
from tests.fakes import ScriptedEngine
from tests.waiting import until

LYNN = Persona("lynn", "Lynn", "A companion.", "You are Lynn.", "Hi!")
HELLO = [Message("user", "Hello there")]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine({"base": ("A first reply.", "A second reply."), "dpo-1": ("A better reply.",)})


@pytest.fixture
def models(store: Store) -> Models:
    return Models(store, lambda: BaseFiles("tiny", Path("base"), None))


@pytest.fixture
def generations(engine: ScriptedEngine) -> Iterator[Generations]:
    made = Generations(engine)
    yield made
    made.close()


@pytest.fixture
def arena(store: Store, models: Models, generations: Generations, tmp_path: Path) -> Arena:
    packs = tmp_path / "packs"
    packs.mkdir()
    rows = [
        {"id": f"t-{i}", "prompt": f"Question {i}?", "tags": ["talk"], "language": "en"} for i in range(3)
    ]
    (packs / "talk.jsonl").write_text("\n".join(map(json.dumps, rows)))
    chance = random.Random(0)
    planner = ComparisonPlanner(models, lambda: LYNN, 2, Sampling, chance)
    desks, live = ("argilla",), LiveRewardService(store)
    return Arena(store, planner, generations, PromptPacks(packs), desks, chance, live)


@pytest.fixture
def chat(store: Store, models: Models, generations: Generations) -> Chat:
    return Chat(store, models, generations, lambda name: LYNN, Sampling, BestOf(()))


def test_a_comparison_is_stored_before_its_replies_are_written(
    arena: Arena, store: Store, engine: ScriptedEngine
) -> None:
    engine.broken = "the engine is away"
    opened = arena.open(HELLO)
    until(lambda: store.comparisons.get(opened.id).status == ComparisonStatus.failed)
    until(lambda: arena.problem(opened.id) == Problem("engine", "the engine is away"))
    with pytest.raises(GenerationFailed, match="the engine is away"):
        arena.compare(HELLO)


def test_both_candidates_of_a_pair_are_asked_in_one_batch_with_the_persona(
    arena: Arena, engine: ScriptedEngine
) -> None:
    compared = arena.compare(HELLO)
    assert {c.text for c in compared.candidates} == {"A first reply.", "A second reply."}
    assert [r.messages for r in engine.requests] == [(Message("system", "You are Lynn."), *HELLO)] * 2


def written(arena: Arena, comparison_id: str) -> Comparison:
    """What the page shows at last, asking again and again as it does."""
    until(lambda: arena.growing(comparison_id).status != ComparisonStatus.generating, every=0.005)
    return arena.get(comparison_id)


def test_what_is_growing_ends_as_what_is_stored(arena: Arena, store: Store) -> None:
    opened = arena.open(HELLO)
    last = written(arena, opened.id)
    assert last == store.comparisons.get(opened.id)
    assert last.status == ComparisonStatus.open


def test_a_comparison_cut_off_by_a_restart_is_written_when_it_is_watched_again(
    arena: Arena, store: Store
) -> None:
    candidates = (Candidate("c1", 1, "base"), Candidate("c2", 2, "base"))
    cut_off = Comparison(tuple(HELLO), candidates)
    store.comparisons.add(cut_off)
    last = written(arena, cut_off.id)
    assert last.status == ComparisonStatus.open
    assert all(candidate.text for candidate in last.candidates)


def test_a_skip_taken_back_before_the_replies_were_written_has_them_written(
    arena: Arena, store: Store
) -> None:
    skipped = Comparison(tuple(HELLO), (Candidate("c1", 1, "base"), Candidate("c2", 2, "base")))
    store.comparisons.add(skipped)
    arena.skip(skipped.id)
    arena.undo(skipped.id)
    last = written(arena, skipped.id)
    assert last.status == ComparisonStatus.open
    assert all(candidate.text for candidate in last.candidates)


def test_replies_stopped_on_their_way_are_not_kept_but_written_anew(
    arena: Arena, store: Store, generations: Generations
) -> None:
    opened = Comparison(tuple(HELLO), (Candidate("c1", 1, "base"), Candidate("c2", 2, "base")))
    store.comparisons.add(opened)
    arena.growing(opened.id)
    if running := generations.find(opened.id):
        running.stop()
    last = written(arena, opened.id)
    assert last.status == ComparisonStatus.open
    assert sorted(c.text for c in last.candidates) == ["A first reply.", "A second reply."]


def test_a_service_that_is_stopping_begins_no_reply(arena: Arena, generations: Generations) -> None:
    generations.close()
    with pytest.raises(GenerationFailed, match="stopping"):
        arena.open(HELLO)


def test_the_latest_version_meets_its_predecessor(arena: Arena, store: Store) -> None:
    store.checkpoints.add(Checkpoint("dpo-1", "nowhere", passed=True))
    store.checkpoints.promote("dpo-1", "test")
    assert sorted(c.model for c in arena.compare(HELLO).candidates) == ["base", "dpo-1"]


def test_wanted_models_take_turns() -> None:
    assert line_up(4, "new", "old") == ["new", "old", "new", "old"]
    assert line_up(3, "new", "old", ["a", "b"]) == ["a", "b", "a"]
    assert line_up(2, "new", "old", ["a", "b", "c"]) == ["a", "b", "c"]


def test_a_vote_waits_for_no_desk_and_is_in_the_outbox(arena: Arena, store: Store) -> None:
    compared = arena.compare(HELLO)
    ranked = arena.rank(compared.id, Ranking((("c1",), ("c2",))))
    again = arena.rank(compared.id, Ranking((("c1",), ("c2",))))
    assert ranked == again
    assert store.outbox.counts()["pending"] == 1


def test_skipped_and_undone_comparisons_come_back_on_the_page(arena: Arena) -> None:
    opened = arena.open(HELLO)
    written(arena, opened.id)
    arena.skip(opened.id)
    assert arena.unfinished() is None
    arena.undo(opened.id)
    assert (found := arena.unfinished()) is not None
    assert found.id == opened.id


def test_drawing_gives_every_prompt_of_the_packs_once_before_any_twice(arena: Arena) -> None:
    drawn = []
    for _ in range(3):
        prompt = arena.draw("talk")
        assert prompt is not None
        drawn.append(prompt.prompt)
        arena.compare([Message("user", prompt.prompt)])
    assert sorted(drawn) == ["Question 0?", "Question 1?", "Question 2?"]
    assert arena.draw("no such topic") is None


def test_unknown_models_and_impossible_numbers_are_refused_before_anything_is_stored(
    arena: Arena, store: Store
) -> None:
    with pytest.raises(UnknownModel, match="there are: base"):
        arena.open(HELLO, models=["nobody"])
    with pytest.raises(InvalidPrompt, match="2 to 4"):
        arena.open(HELLO, n=5)
    with pytest.raises(ComparisonNotFound):
        arena.get("nothing")
    assert store.comparisons.page(None, None, 10).items == []


def test_chat_keeps_both_turns_and_names_the_version_that_answered(chat: Chat) -> None:
    talk = chat.begin("latest", "lynn")
    *_, reply = chat.say(talk.id, "Hello there")
    kept = chat.get(talk.id)
    assert [(t.role, t.content, t.model) for t in kept.turns] == [
        ("user", "Hello there", ""),
        ("assistant", reply.strip(), "base"),
    ]
    assert kept.title == "Hello there"


def test_a_conversation_keeps_its_version_after_a_promotion(chat: Chat, store: Store) -> None:
    talk = chat.begin("latest", "lynn")
    store.checkpoints.add(Checkpoint("dpo-1", "nowhere", passed=True))
    store.checkpoints.promote("dpo-1", "test")
    list(chat.say(talk.id, "Still you?"))
    assert chat.get(talk.id).turns[-1].model == "base"
    assert chat.begin("latest", "lynn").model == "dpo-1"


def test_regenerating_replaces_the_last_reply_only(chat: Chat) -> None:
    talk = chat.begin("base", "lynn")
    list(chat.say(talk.id, "Hello there"))
    first = chat.get(talk.id).turns[-1].content
    list(chat.regenerate(talk.id))
    turns = chat.get(talk.id).turns
    assert len(turns) == 2
    assert turns[-1].content != first


def test_nothing_to_answer_is_said_in_plain_words(chat: Chat) -> None:
    talk = chat.begin("base", "lynn")
    with pytest.raises(InvalidPrompt, match="write something first"):
        chat.say(talk.id, "  ")
    with pytest.raises(InvalidPrompt, match="nothing to answer"):
        chat.regenerate(talk.id)


class Refusing:
    """A queue whose Redis is away."""

    def send(self, round_id: str) -> bool:
        return False


def rounds(store: Store, models: Models) -> Rounds:
    data = TrainingData(store, 0.15, lambda: False)
    return Rounds(store, models, Refusing(), data, min_pairs=2)


def vote(arena: Arena, text: str) -> None:
    compared = arena.compare([Message("user", text)])
    arena.rank(compared.id, Ranking((("c1",), ("c2",))))


def test_a_round_is_refused_while_there_is_too_little_to_learn_from(store: Store, models: Models) -> None:
    with pytest.raises(InvalidRound, match="at least 2 preference pairs"):
        rounds(store, models).queue()


def test_a_round_is_queued_even_while_redis_is_away(arena: Arena, store: Store, models: Models) -> None:
    for i in range(8):
        vote(arena, f"Question number {i}")
    queued = rounds(store, models).queue(config={"beta": 0.2})
    assert store.rounds.queued() == [queued.id]
    assert store.rounds.get(queued.id).config["beta"] == 0.2


def test_an_unknown_method_is_refused_with_those_there_are(store: Store, models: Models) -> None:
    with pytest.raises(InvalidRound, match="there are: dpo, kto, sft, ppo, rloo, reward"):
        rounds(store, models).queue("magic")


def test_every_ranking_can_be_sent_to_the_desks_again(arena: Arena, store: Store) -> None:
    vote(arena, "Once")
    store.outbox.delivered([item.id for item in store.outbox.due(datetime.now(UTC), 10, "argilla")])
    desks = Desks(store, ("argilla",))
    assert desks.status()[0].left == 0
    assert desks.resend("argilla") == 1
    assert desks.status()[0].left == 1
