"""The best of n with real parts: `codelynn chat --best-of`, the live reward model, a trained one that is loaded."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from feedback_app import main
from feedback_app.cli import app
from feedback_app.domain.conversation import Turn
from feedback_app.settings import Settings
from feedback_app.store import Store, open_store
from tests.integration.reward_model.rewards_on_disk import shelve
from tests.unit.services.reward.live.examples import LONGER_WON, opened

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),  # PEFT's
]
Chat = Callable[..., Result]


@pytest.fixture
def home(prepared_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared_home, tmp_path / "home"))


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{home / 'codelynn.db'}")
    yield made
    made.close()


@pytest.fixture
def chat(home: Path, monkeypatch: pytest.MonkeyPatch) -> Chat:
    given = {
        "home": home,
        "base_model": home / "tiny",
        "engine": "transformers",
        "personas": home / "personas",
        "persona": "tiny",
        "max_new_tokens": 8,
        "redis_url": "redis://127.0.0.1:1",
        "argilla_enabled": "false",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"CODELYNN_{name.upper()}", str(value))
    return lambda *said: CliRunner().invoke(app, ["chat", "--offline", *said], input="Hello, how are you?\n")


def words(answer: Result) -> str:
    """What was printed, in one line."""
    return " ".join(answer.output.split())


def rank(store: Store) -> None:
    store.comparisons.add(comparison := opened())
    store.comparisons.rank(comparison.id, LONGER_WON, [])


def last(store: Store) -> Turn:
    (conversation,) = store.conversations.list(1)
    return store.conversations.get(conversation.id).turns[-1]


def test_without_rankings_and_reward_model_it_is_said_what_to_do(chat: Chat, store: Store) -> None:
    answer = chat("--best-of", "4")
    assert answer.exit_code == 1
    assert "rank replies in the arena, or train a reward model: codelynn reward train" in words(answer)
    assert store.conversations.list(1) == []
    assert chat("--best-of", "9").exit_code == 2


def test_the_live_reward_model_chooses_as_soon_as_it_has_learned_anything(chat: Chat, store: Store) -> None:
    rank(store)
    answer = chat("--best-of", "4")
    assert answer.exit_code == 0, answer.output
    assert "writing 4 replies" in words(answer)
    assert "The best of 4 replies, chosen by the live reward model." in words(answer)
    assert (last(store).best_of, last(store).chosen_by) == (4, "the live reward model")
    assert last(store).content in answer.output


def test_the_trained_reward_model_chooses_where_there_is_one(chat: Chat, store: Store, home: Path) -> None:
    rank(store)
    shelve(home, home / "tiny", "reward-1", day=1)
    answer = chat("--best-of", "2")
    assert answer.exit_code == 0, answer.output
    assert (last(store).best_of, last(store).chosen_by) == (2, "the trained reward model")


def test_a_broken_reward_model_is_told_of_and_no_other_chooses_instead(
    chat: Chat, store: Store, home: Path
) -> None:
    rank(store)
    folder = shelve(home, home / "tiny", "reward-1", day=1)
    (folder / "calibration.json").write_text(json.dumps({"temperature": 9.0}))
    answer = chat("--best-of", "2")
    assert answer.exit_code == 1
    assert "the reward model reward-1 is not the one in its manifest: train it again" in words(answer)
    assert last(store).role == "user"


def test_a_newer_reward_model_is_loaded_in_the_running_service(chat: Chat, home: Path) -> None:
    built = main.build(Settings())
    try:
        seen = []
        for day, name in enumerate(("reward-1", "reward-2"), start=1):
            shelve(home, home / "tiny", name, day)
            prompt = opened().messages
            assert built.services.best_of.choose(prompt, ["Yes.", "No."]).by == "the trained reward model"
            current = built.services.reward_models.current()
            seen.append(current.name if current else "")
        assert seen == ["reward-1", "reward-2"]
    finally:
        built.close()
