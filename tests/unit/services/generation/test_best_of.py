"""Best of n: which reply is chosen, what a conversation keeps of it, and what is said where nothing is known."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Message, Sampling
from feedback_app.domain.conversation import chosen
from feedback_app.domain.persona import Persona
from feedback_app.services.chat.chat import Chat
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.best_of import (
    BestOf,
    Choice,
    NothingToChooseBy,
    choose,
    distinct,
    place,
)
from feedback_app.services.generation.versions import BaseFiles, Models
from feedback_app.store import Store
from tests.fakes import ScriptedEngine, ShorterIsBetter

LYNN = Persona("lynn", "Lynn", "A companion.", "You are Lynn.", "Hi!")
HELLO = (Message("user", "Hello there"),)
Talk = Callable[..., Chat]


def test_the_highest_reward_is_chosen_and_the_first_of_equal_ones() -> None:
    assert choose([0.5, 2.0, -1.0]) == 1
    assert choose([1.0, 3.0, 3.0]) == 1
    assert choose([7.0]) == 0


def test_a_reward_that_is_no_number_is_chosen_only_where_there_is_no_other() -> None:
    assert choose([math.nan, -9.0, math.nan]) == 1
    assert choose([math.nan, -math.inf]) == 0
    assert choose([math.nan, math.nan]) == 0


def test_there_is_nothing_to_choose_between_the_same_words() -> None:
    assert distinct([" Yes.", "", "No.", "Yes.\n", "  "]) == ("Yes.", "No.")
    assert place(["", "No.", " No."], "No.") == 1


def test_identical_replies_are_scored_once_and_empty_ones_never() -> None:
    scorer = ShorterIsBetter()
    choice = BestOf((scorer,)).choose(HELLO, ["A long reply.", "", "Short.", " Short. ", "A long reply."])
    assert choice == Choice(2, 5, "a fake")
    assert scorer.scored == [("A long reply.", "Short.")]


def test_where_every_reply_is_empty_the_first_is_answered_and_nobody_is_asked() -> None:
    scorer = ShorterIsBetter()
    assert BestOf((scorer,)).choose(HELLO, ["", " "]) == Choice(0, 2)
    assert scorer.scored == []


def test_one_reply_needs_nobody_who_chooses() -> None:
    assert BestOf(()).choose(HELLO, ["Hi."]) == Choice(0, 1)


def test_the_first_scorer_that_knows_anything_chooses() -> None:
    first, second = ShorterIsBetter(knows=False), ShorterIsBetter()
    best = BestOf((first, second))
    best.check()
    assert best.choose(HELLO, ["Hello.", "Hi."]) == Choice(1, 2, "a fake")
    assert (first.scored, second.scored) == ([], [("Hello.", "Hi.")])


def test_where_nothing_is_known_it_is_said_what_to_do() -> None:
    best = BestOf((ShorterIsBetter(knows=False),))
    with pytest.raises(NothingToChooseBy, match="rank replies in the arena, or train a reward model"):
        best.check()
    with pytest.raises(NothingToChooseBy):
        best.choose(HELLO, ["Hello.", "Hi."])


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine({"base": ("A rather long reply.", "", "Short one.", "A longer reply.")})


@pytest.fixture
def talk(store: Store, engine: ScriptedEngine) -> Iterator[Talk]:
    """A chat whose best replies are chosen by the scorer given."""
    generations = Generations(engine)
    models = Models(store, lambda: BaseFiles("tiny", Path("base"), None))

    def make(*scorers: ShorterIsBetter) -> Chat:
        return Chat(store, models, generations, lambda name: LYNN, Sampling, BestOf(scorers))

    yield make
    generations.close()


def test_a_conversation_keeps_the_chosen_reply_and_what_it_was_chosen_from(
    talk: Talk, engine: ScriptedEngine
) -> None:
    chat = talk(ShorterIsBetter())
    begun = chat.begin("base", "lynn")
    shown = list(chat.say(begun.id, "Hello there", best_of=4))
    kept = chat.get(begun.id)
    assert [turn.content for turn in kept.turns] == ["Hello there", "Short one."]
    assert (kept.turns[1].best_of, kept.turns[1].chosen_by) == (4, "a fake")
    assert chosen(kept) == "The best of 4 replies, chosen by a fake."
    assert (shown[-1], set(shown[:-1])) == ("Short one.", {""})
    assert len({request.seed for request in engine.requests}) == 5, "the empty one was written once more"


def test_a_reply_that_comes_out_empty_is_written_once_more(talk: Talk, engine: ScriptedEngine) -> None:
    engine.replies["base"] = ["", "", "Hello you."]
    begun = talk().begin("base", "lynn")
    list(talk().say(begun.id, "Hello there"))
    assert [turn.content for turn in talk().get(begun.id).turns] == ["Hello there", "Hello you."]
    assert len({request.seed for request in engine.requests}) == 3


def test_a_single_reply_says_nothing_of_a_choice(talk: Talk) -> None:
    chat = talk()
    begun = chat.begin("base", "lynn")
    list(chat.say(begun.id, "Hello there"))
    kept = chat.get(begun.id)
    assert (kept.turns[1].best_of, kept.turns[1].chosen_by, chosen(kept)) == (1, "", "")


def test_a_message_is_not_kept_and_a_reply_not_dropped_while_there_is_nothing_to_choose_by(
    talk: Talk, engine: ScriptedEngine
) -> None:
    chat = talk(ShorterIsBetter(knows=False))
    begun = chat.begin("base", "lynn")
    with pytest.raises(NothingToChooseBy):
        chat.say(begun.id, "Hello there", best_of=2)
    assert (chat.get(begun.id).turns, engine.requests) == ((), [])
    list(chat.say(begun.id, "Hello there"))
    before = chat.get(begun.id)
    with pytest.raises(NothingToChooseBy):
        chat.regenerate(begun.id, best_of=2)
    assert chat.get(begun.id) == before


def test_a_scorer_that_forgets_meanwhile_is_told_of_in_its_own_words(talk: Talk) -> None:
    scorer = ShorterIsBetter()
    chat = talk(scorer)
    begun = chat.begin("base", "lynn")
    chat.check(2)
    scorer.score = lambda messages, replies: None if replies else []  # type: ignore[method-assign]
    with pytest.raises(GenerationFailed, match="train a reward model"):
        list(chat.say(begun.id, "Hello there", best_of=2))


def test_regenerating_chooses_anew(talk: Talk) -> None:
    chat = talk(ShorterIsBetter())
    begun = chat.begin("base", "lynn")
    list(chat.say(begun.id, "Hello there"))
    list(chat.regenerate(begun.id, best_of=3))
    kept = chat.get(begun.id)
    assert [turn.best_of for turn in kept.turns] == [1, 3]
