"""A life for the pictures: pairs to train on, and votes between the base and the version that they trained."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.round import Round
from tests.browser.site import Site
from tests.paths import DATA
from workers.context import WorkerContext
from workers.rounds import run_round

WARM = DATA / "warm.jsonl"
KEPT = "PICTURES" in os.environ
"""Whether the pictures are kept. Where not, the test only checks that they can be taken: fewer pairs and a smaller gate do."""
SHORT = {"epochs": 1, "batch_size": 4} | (
    {"gate_prompts": 8, "gate_max_new_tokens": 32} if KEPT else {"gate_prompts": 2, "gate_max_new_tokens": 8}
)
"""A round of a few minutes on two cores; less than one where the pictures are not kept."""
FEW = slice(12, 28)
"""Enough to train on, with some that are held out."""
EVERY_WHICH_BASE_WINS, EVERY_WHICH_TIES = 6, 11


def pairs() -> list[dict[str, str]]:
    return [json.loads(line) for line in WARM.read_text(encoding="utf-8").splitlines()]


def import_pairs(site: Site) -> None:
    imported = pairs() if KEPT else pairs()[FEW]
    site.app.services.dataset.import_("trl", "\n".join(map(json.dumps, imported)).encode())


@dataclass(frozen=True, slots=True)
class Training:
    """A round that a worker trains in a thread."""

    site: Site
    id: str
    worker: threading.Thread

    def ended(self) -> Round:
        """Waits for its end."""
        self.worker.join()
        return self.site.app.store.rounds.get(self.id)


@contextmanager
def training(site: Site) -> Iterator[Training]:
    """A short round on the pairs, begun through the worker as always; given up if it has not ended when the block ends."""
    stopping = threading.Event()
    shop = WorkerContext(site.app.settings, site.app.store, dict, stopping, "a worker")
    queued = site.app.services.rounds.queue("dpo", SHORT).id
    worker = threading.Thread(target=run_round, args=(shop, queued))
    worker.start()
    try:
        yield Training(site, queued, worker)
    finally:
        stopping.set()
        worker.join()


def votes(site: Site, version: str) -> None:
    """A vote on each pair, as if `base` had written the curt reply and `version` the warm one. Most are for the version."""
    began = datetime.now(UTC)
    made = (
        _vote(number, pair, version, began + timedelta(seconds=number))
        for number, pair in enumerate(pairs(), start=1)
    )
    site.app.store.comparisons.add_all(list(made))


def _vote(number: int, pair: dict[str, str], version: str, at: datetime) -> Comparison:
    curt, warm = ("base", pair["rejected"]), (version, pair["chosen"])
    shown = (curt, warm) if number % 2 else (warm, curt)
    candidates = tuple(
        Candidate(f"c{i}", i, model, text, finish="stop") for i, (model, text) in enumerate(shown, start=1)
    )
    best, other = ("c2", "c1") if number % 2 else ("c1", "c2")
    groups: tuple[tuple[str, ...], ...] = ((best,), (other,))
    if number % EVERY_WHICH_BASE_WINS == 0:
        groups = ((other,), (best,))
    elif number % EVERY_WHICH_TIES == 0:
        groups = (("c1", "c2"),)
    return Comparison(
        (Message("user", pair["prompt"]),),
        candidates,
        status=ComparisonStatus.ranked,
        ranking=Ranking(groups, seconds=5.0, created_at=at),
        created_at=at,
    )
