"""Chats: turns in order, thumbs on replies, and nothing left behind when one is deleted."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from feedback_app.domain.comparison import Message
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.store import ConversationNotFound, InvalidRating, Store
from feedback_app.store.database import open_database
from feedback_app.store.migration import downgrade, upgrade
from feedback_app.store.tables import turns
from tests.integration.store.examples import NOON, minutes, together

QUESTION, REPLY = Turn("user", "hi \x01", created_at=NOON), Turn("assistant", "hello", "v1", created_at=NOON)


def chat(**changes: object) -> Conversation:
    begun = Conversation("v1", "lynn", "Greetings", (QUESTION, REPLY), created_at=NOON, updated_at=NOON)
    return replace(begun, **changes)  # type: ignore[arg-type]


def test_a_conversation_comes_back_as_it_was_stored(store: Store) -> None:
    store.conversations.add(conversation := chat())
    assert store.conversations.get(conversation.id) == conversation


def test_a_turn_keeps_what_it_was_chosen_from(store: Store) -> None:
    picked = replace(REPLY, best_of=4, chosen_by="the live reward model")
    store.conversations.add(conversation := chat(turns=(QUESTION, picked)))
    assert store.conversations.get(conversation.id).turns == (QUESTION, picked)


def test_conversations_are_listed_without_turns_the_last_used_first(store: Store) -> None:
    older, newer = chat(), chat(updated_at=NOON + minutes(1))
    store.conversations.add(newer)
    store.conversations.add(older)
    assert store.conversations.list(9) == [replace(newer, turns=()), replace(older, turns=())]
    store.conversations.append(older.id, QUESTION)
    assert [c.id for c in store.conversations.list(1)] == [older.id]


def test_conversations_are_found_by_words_of_title_and_turns_in_any_case(store: Store) -> None:
    store.conversations.add(one := chat(title="Tea at five", turns=()))
    store.conversations.add(other := chat(turns=(replace(QUESTION, content="100% GRÜNER tea?"), REPLY)))
    assert {c.id for c in store.conversations.list(9, "TEA")} == {one.id, other.id}
    assert [c.id for c in store.conversations.list(9, "100% grüner")] == [other.id]
    assert store.conversations.list(9, "1%") == []


def test_an_edited_reply_keeps_what_the_model_wrote_until_its_words_come_back(store: Store) -> None:
    store.conversations.add(conversation := chat())
    store.conversations.edit(conversation.id, 1, "servus")
    edited = store.conversations.edit(conversation.id, 1, "hej")
    assert (edited.turns[1].content, edited.turns[1].original) == ("hej", "hello")
    assert list(store.conversations.edited()) == [edited]
    assert store.conversations.edit(conversation.id, 1, "hello").turns == conversation.turns
    assert list(store.conversations.edited()) == []


@pytest.mark.parametrize("turn", [0, 2, -1])
def test_only_replies_are_edited(store: Store, turn: int) -> None:
    store.conversations.add(conversation := chat())
    with pytest.raises(InvalidRating):
        store.conversations.edit(conversation.id, turn, "hej")


def test_turns_are_appended_in_order(store: Store) -> None:
    store.conversations.add(conversation := chat(turns=()))
    store.conversations.append(conversation.id, QUESTION, REPLY)
    after = store.conversations.append(conversation.id, replace(QUESTION, content="and you?"))
    assert [turn.content for turn in after.turns] == ["hi \x01", "hello", "and you?"]
    assert store.conversations.get(conversation.id) == after
    assert after.updated_at > conversation.updated_at


def test_turns_appended_at_once_are_all_kept(store: Store) -> None:
    store.conversations.add(conversation := chat(turns=()))
    together(
        6, lambda index: store.conversations.append(conversation.id, replace(QUESTION, content=str(index)))
    )
    said = [turn.content for turn in store.conversations.get(conversation.id).turns]
    assert sorted(said) == list("012345")


def test_a_thumb_is_set_and_taken_back(store: Store) -> None:
    store.conversations.add(conversation := chat())
    assert store.conversations.rate(conversation.id, 1, -1).turns == (QUESTION, replace(REPLY, rating=-1))
    assert store.conversations.rate(conversation.id, 1, None).turns == (QUESTION, REPLY)


@pytest.mark.parametrize("index", [0, 2, -1])
def test_only_a_reply_can_be_rated(store: Store, index: int) -> None:
    store.conversations.add(conversation := chat())
    with pytest.raises(InvalidRating, match="not a reply"):
        store.conversations.rate(conversation.id, index, 1)


def test_rated_conversations_come_whole_and_oldest_first(store: Store) -> None:
    thumbed = (QUESTION, replace(REPLY, rating=1))
    first, last = chat(turns=thumbed), chat(turns=thumbed, created_at=NOON + minutes(1))
    for conversation in (last, chat(), first):
        store.conversations.add(conversation)
    assert list(store.conversations.rated()) == [first, last]


def test_renaming_changes_only_the_title(store: Store) -> None:
    store.conversations.add(conversation := chat())
    assert store.conversations.rename(conversation.id, "Weather") == replace(conversation, title="Weather")


def test_deleting_takes_the_turns_too(store: Store) -> None:
    store.conversations.add(conversation := chat())
    store.conversations.delete(conversation.id)
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(turns)).scalar_one() == 0


def test_two_beside_each_other_are_listed_once_and_found_by_the_words_of_either(store: Store) -> None:
    store.conversations.add(left := chat())
    store.conversations.put_beside(left.id, right := chat(turns=(QUESTION, replace(REPLY, content="servus"))))
    assert store.conversations.list(9) == [replace(left, turns=(), beside=right.id)]
    assert [c.id for c in store.conversations.list(9, "servus")] == [left.id]
    store.conversations.part(left.id)
    assert {c.id for c in store.conversations.list(9)} == {left.id, right.id}


def test_deleting_takes_the_one_beside_too_and_no_other(store: Store) -> None:
    store.conversations.add(left := chat())
    store.conversations.add(other := chat())
    store.conversations.put_beside(left.id, right := chat())
    store.conversations.delete(left.id)
    assert [c.id for c in store.conversations.list(9)] == [other.id]
    with pytest.raises(ConversationNotFound):
        store.conversations.get(right.id)


def test_a_conversation_of_a_database_made_before_pairs_is_alone(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.write() as connection:
        upgrade(connection, "0007")
        connection.execute(
            text(
                "INSERT INTO conversations (id, model, persona, title, created_at, updated_at) VALUES "
                "('old', 'v1', 'lynn', '\"x\"', '2026-05-01 12:00:00+00:00', '2026-05-01 12:00:00+00:00')"
            )
        )
        upgrade(connection)
        assert connection.execute(text("SELECT beside FROM conversations")).scalars().all() == [None]
        downgrade(connection, "0007")
        assert connection.execute(text("SELECT id FROM conversations")).scalars().all() == ["old"]
    database.close()


def test_every_method_says_when_there_is_no_such_conversation(store: Store) -> None:
    conversations = store.conversations
    for call in (
        lambda: conversations.get("x"),
        lambda: conversations.append("x", QUESTION),
        lambda: conversations.rate("x", 0, 1),
        lambda: conversations.rename("x", "title"),
        lambda: conversations.delete("x"),
        lambda: conversations.put_beside("x", chat()),
        lambda: conversations.part("x"),
    ):
        with pytest.raises(ConversationNotFound, match="there is no conversation x"):
            call()


def test_demonstrations_come_back_in_order_and_the_same_content_is_kept_once(store: Store) -> None:
    items = [Demonstration((Message("user", f"prompt {i}"),), f"reply \x01 {i}", "sft") for i in range(1100)]
    assert store.demonstrations.add_all([*items, items[0]]) == 1100
    assert store.demonstrations.add_all(items[:3]) == 0
    assert store.demonstrations.all() == items
    assert store.demonstrations.count() == 1100


def test_ratings_come_back_in_order_and_good_and_bad_are_two(store: Store) -> None:
    prompt = (Message("system", "be kind"), Message("user", "hi"))
    items = [Rating(prompt, "hello", good=True), Rating(prompt, "hello", good=False, source="kto")]
    assert (store.ratings.add_all(items), store.ratings.add_all(items), store.ratings.add_all([])) == (
        2,
        0,
        0,
    )
    assert store.ratings.all() == items
    assert store.ratings.count() == 2


def test_another_reply_stands_beside_the_first_and_either_can_be_chosen(store: Store) -> None:
    conversation = Conversation("v1", "lynn", turns=(QUESTION, Turn("assistant", "first", "v1", rating=1)))
    store.conversations.add(conversation)
    assert store.conversations.set_aside(conversation.id).turns == (QUESTION,)
    store.conversations.append(conversation.id, Turn("assistant", "second", "v1", ending="stopped"))
    both = store.conversations.get(conversation.id)
    assert [turn.content for turn in both.alternatives(1)] == ["first", "second"]
    assert (both.turns[1].content, both.turns[1].ending, both.turns[1].number) == ("second", "stopped", 1)
    first = store.conversations.choose(conversation.id, 0)
    assert (first.turns[1].content, first.turns[1].rating) == ("first", 1)
    assert [turn.content for turn in first.alternatives(1)] == ["first", "second"]
    with pytest.raises(InvalidRating):
        store.conversations.choose(conversation.id, 2)


def test_the_reply_that_was_there_stands_again_where_no_other_came(store: Store) -> None:
    conversation = Conversation("v1", "lynn", turns=(QUESTION, Turn("assistant", "first", "v1")))
    store.conversations.add(conversation)
    store.conversations.set_aside(conversation.id)
    assert store.conversations.choose(conversation.id).turns[1].content == "first"
    store.conversations.add(empty := Conversation("v1", "lynn", turns=(QUESTION,)))
    assert store.conversations.choose(empty.id).turns == (QUESTION,)


def test_a_thumb_on_a_reply_that_is_set_aside_still_counts(store: Store) -> None:
    conversation = Conversation("v1", "lynn", turns=(QUESTION, Turn("assistant", "first", "v1", rating=1)))
    store.conversations.add(conversation)
    before = store.conversations.fingerprint()
    store.conversations.set_aside(conversation.id)
    assert conversation.id in [one.id for one in store.conversations.rated()]
    assert store.conversations.fingerprint() != before


def test_an_edited_reply_loses_its_thumb_and_gets_none(store: Store) -> None:
    conversation = Conversation("v1", "lynn", turns=(QUESTION, Turn("assistant", "first", "v1", rating=-1)))
    store.conversations.add(conversation)
    assert store.conversations.edit(conversation.id, 1, "mine").turns[1].rating is None
    with pytest.raises(InvalidRating, match="you wrote this reply yourself"):
        store.conversations.rate(conversation.id, 1, 1)
    assert store.conversations.edit(conversation.id, 1, "first").turns[1].original is None
    assert store.conversations.rate(conversation.id, 1, 1).turns[1].rating == 1
