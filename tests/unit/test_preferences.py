"""Preferences: the environment before what was chosen, what was chosen before the defaults; nothing bad is kept."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from feedback_app.api import errors, preferences
from feedback_app.domain.preferences import Preferences, ReplyStyle
from feedback_app.services.preferences import (
    Changes,
    Choices,
    FixedPreference,
    InvalidPreference,
    PreferenceBook,
    merged,
)
from feedback_app.store import Store

DEFAULTS = Preferences(
    languages=("en",),
    topics=(),
    chat=ReplyStyle(0.9, 128),
    arena=ReplyStyle(0.9, 128),
    model="latest",
    persona="lynn",
    theme="system",
    notify=True,
)
MODELS = ["latest", "champion", "base", "dpo-1"]


def there(*names: str) -> Any:
    return lambda: names


CHOICES = Choices(
    there("de", "en", "la"),
    there("advice", "coding"),
    lambda: MODELS,
    there("lynn", "terse"),
    asks=lambda languages, topics: (languages, topics) != (("la",), ("coding",)),
)


@pytest.fixture
def book(store: Store) -> PreferenceBook:
    return PreferenceBook(store, DEFAULTS, {}, CHOICES)


def test_what_was_chosen_goes_before_the_defaults_and_a_reset_brings_those_back(book: PreferenceBook) -> None:
    changed = book.change(Changes(theme="dark", chat_temperature=0.2, languages=["de", "en", "de"]))
    assert (changed.theme, changed.chat, changed.languages) == ("dark", ReplyStyle(0.2, 128), ("de", "en"))
    assert changed.arena == DEFAULTS.arena
    assert book.get() == changed
    assert book.reset() == DEFAULTS


def test_a_field_given_as_null_goes_back_to_its_default_and_others_stay(book: PreferenceBook) -> None:
    book.change(Changes(theme="dark", notify=False))
    assert book.change(Changes(theme=None)).theme == "system"
    assert book.get().notify is False


def test_the_environment_goes_before_what_was_chosen_and_cannot_be_changed_here(store: Store) -> None:
    PreferenceBook(store, DEFAULTS, {}, CHOICES).change(Changes(chat_temperature=0.2, theme="dark"))
    fixed = PreferenceBook(store, DEFAULTS, {"chat_temperature": "CODELYNN_TEMPERATURE"}, CHOICES)
    assert (fixed.get().chat.temperature, fixed.get().theme) == (0.9, "dark")
    with pytest.raises(FixedPreference, match="set by CODELYNN_TEMPERATURE"):
        fixed.change(Changes(chat_temperature=1.0, theme="light"))
    assert fixed.get().theme == "dark"


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"languages": ["fr"]}, "no language 'fr'; there is: de, en, la"),
        ({"topics": ["politics"]}, "no topic 'politics'"),
        ({"model": "dpo-9"}, "no model 'dpo-9'"),
        ({"persona": "nobody"}, "no persona 'nobody'"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(
    book: PreferenceBook, given_: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidPreference, match=says):
        book.change(Changes.model_validate(given_))
    assert book.get() == DEFAULTS


def test_topics_and_languages_without_a_common_prompt_are_refused_whichever_comes_last(
    book: PreferenceBook,
) -> None:
    book.change(Changes(languages=["la"]))
    with pytest.raises(InvalidPreference, match="none of the prompts on these topics is in your languages"):
        book.change(Changes(topics=["coding"], theme="dark"))
    assert (book.get().topics, book.get().theme) == (DEFAULTS.topics, DEFAULTS.theme)
    book.change(Changes(languages=None))
    book.change(Changes(topics=["coding"]))
    with pytest.raises(InvalidPreference, match="none of the prompts"):
        book.change(Changes(languages=["la"]))
    assert book.change(Changes(theme="dark")).topics == ("coding",)


@pytest.mark.parametrize(
    "bad",
    [
        {"chat_temperature": -0.1},
        {"chat_temperature": 2.1},
        {"arena_temperature": float("nan")},
        {"arena_temperature": float("inf")},
        {"chat_max_new_tokens": 0},
        {"chat_max_new_tokens": 5000},
        {"theme": "pink"},
        {"languages": []},
        {"model": ""},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_is_no_change(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Changes.model_validate(bad)


def test_a_version_or_persona_that_is_gone_counts_as_not_chosen(store: Store) -> None:
    PreferenceBook(store, DEFAULTS, {}, CHOICES).change(Changes(model="dpo-1", persona="terse", notify=False))
    later = Choices(CHOICES.languages, CHOICES.topics, there("latest"), there("lynn"), CHOICES.asks)
    now = PreferenceBook(store, DEFAULTS, {}, later).get()
    assert (now.model, now.persona, now.notify) == ("latest", "lynn", False)


def test_stored_values_of_another_version_do_no_harm(store: Store, book: PreferenceBook) -> None:
    store.preferences.put({"theme": "sepia", "chat_temperature": 9, "colour": "blue", "notify": False})
    assert book.get() == merged(DEFAULTS, Changes(notify=False))


def test_the_first_question_is_asked_until_something_was_chosen(store: Store, book: PreferenceBook) -> None:
    assert not book.asked()
    assert PreferenceBook(store, DEFAULTS, {"languages": "CODELYNN_LANGUAGES"}, CHOICES).asked()
    book.change(Changes(languages=["en"]))
    assert book.asked()


CHANGES = st.builds(
    Changes,
    theme=st.sampled_from(["light", "dark", "system"]),
    notify=st.booleans(),
    chat_temperature=st.floats(0, 2),
    arena_max_new_tokens=st.integers(1, 4096),
    languages=st.lists(st.sampled_from(["de", "en", "la"]), min_size=1),
)


@given(st.lists(CHANGES, max_size=4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_last_change_of_each_field_holds(
    store: Store, book: PreferenceBook, changes: list[Changes]
) -> None:
    book.reset()
    expected: dict[str, Any] = {}
    for change in changes:
        book.change(change)
        expected |= change.model_dump(exclude_unset=True)
    assert book.get() == merged(DEFAULTS, Changes.model_validate(expected))


@pytest.fixture
def client(book: PreferenceBook) -> TestClient:
    api = FastAPI()
    errors.install(api)
    api.include_router(preferences.router(book))
    return TestClient(api)


def test_the_api_shows_changes_and_resets(client: TestClient) -> None:
    changed = client.patch("/api/v1/preferences", json={"arena_temperature": 1.5, "topics": ["coding"]})
    assert changed.status_code == 200
    assert (changed.json()["arena_temperature"], changed.json()["topics"]) == (1.5, ["coding"])
    assert client.get("/api/v1/preferences").json() == changed.json()
    assert client.delete("/api/v1/preferences").json()["arena_temperature"] == 0.9


@pytest.mark.parametrize(
    "body", ['{"chat_temperature": 1e400}', '{"languages": ["a\\ud83d"]}', '{"theme": 3}', "[]"]
)
def test_the_api_refuses_in_words_and_keeps_nothing(client: TestClient, body: str) -> None:
    before = client.get("/api/v1/preferences").json()
    refused = client.patch("/api/v1/preferences", content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["detail"]
    assert client.get("/api/v1/preferences").json() == before
