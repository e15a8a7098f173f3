"""A HOME with a prepared tiny model, a store with rankings, and a workshop on both."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.round import Round
from feedback_app.settings import Settings
from feedback_app.store import Store, open_store
from tests.integration.alignment.rounds import QUICK, TRAINER
from tests.tiny_model import SYSTEM, TURNS
from tests.unit.workers.examples import ranked
from workers.context import WorkerContext

SCRIPT = Path(__file__).parent / "trainer.py"


@pytest.fixture
def settings(prepared_home: Path, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    shutil.copytree(prepared_home, home)
    return Settings(
        home=home,
        base_model=str(prepared_home / "tiny"),
        engine="transformers",
        gate_packs=home,
        personas=home / "personas",
        persona="tiny",
        gate_min_accuracy=0,
        gate_max_kl=1e6,
        gate_min_length_ratio=0,
        gate_max_length_ratio=1e6,
        gate_max_perplexity_ratio=1e6,
        gate_max_nll_rise=1e6,
        round_stale_seconds=15,
        train_threads=1,
        argilla_enabled=False,
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Twenty-four rankings of friendly replies over curt ones."""
    store = open_store(settings.database)
    store.comparisons.add_all(
        [verdict(f"{user} ({number})", reply) for number, (user, reply) in enumerate(TURNS * 3)]
    )
    yield store
    store.close()


def verdict(prompt: str, reply: str) -> Comparison:
    found = ranked(prompt)
    better, worse = found.candidates
    messages = (Message("system", SYSTEM), Message("user", prompt))
    return replace(
        found, messages=messages, candidates=(replace(better, text=reply), replace(worse, text="No."))
    )


@pytest.fixture
def queue(store: Store) -> Callable[[], Round]:
    """Put a quick round into the database, without a message."""

    def put() -> Round:
        made = Round(config=QUICK | {"learning_rate": 1e-4})
        store.rounds.add(made)
        return made

    return put


@pytest.fixture
def workshop(settings: Settings, store: Store) -> WorkerContext:
    return WorkerContext(settings, store, {}, threading.Event(), "a worker", trainer=TRAINER, grace=1.0)


@pytest.fixture
def scripted(workshop: WorkerContext, tmp_path: Path) -> Callable[..., WorkerContext]:
    """The workshop with a trainer that does as the words say (see trainer.py)."""

    def with_words(*words: str) -> WorkerContext:
        plan = tmp_path / "plan"
        plan.write_text("\n".join(words))
        return replace(workshop, trainer=(sys.executable, str(SCRIPT), str(plan)))

    return with_words
