"""Makes the data of `benchmarks.scale`: comparisons as an owner, a team and imported public sets leave them. Every run makes the same."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.store import Store

SYLLABLES = "ba be bi co da de di fa ge ha in ka la le ma me mi na ne no pa ra re sa se si ta te ti tu un ver"
COMMON = (
    "the of and a to in is you that it he for was on are as with his they at be this from have or by one had not but "
    "what all were when we there can an your which their said if do will each about how up out them then she many some "
    "der die und das ist nicht ein eine mit auf für größer schön Übung Straße et in est non cum sed quod amor vita "
    "def return import class lambda self None True"
)
BATCH = 5_000
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
VERSIONS = ("base", "warm-0a1b2c3d", "warm-4e5f6a7b")
RARE = "zyzzyva"
"""A word of one comparison in 10,000."""


@dataclass(slots=True)
class Writer:
    """Texts of words whose frequencies fall with their rank, cut from one long text."""

    draw: random.Random = field(default_factory=lambda: random.Random(20))
    words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        syllables = SYLLABLES.split()
        rare = ["".join(self.draw.choices(syllables, k=self.draw.randint(2, 5))) for _ in range(30_000)]
        vocabulary = [*COMMON.split(), *rare]
        weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
        self.words = self.draw.choices(vocabulary, weights, k=1_000_000)

    def text(self, fewest: int, most: int) -> str:
        length = self.draw.randint(fewest, most)
        start = self.draw.randrange(len(self.words) - length)
        return " ".join(self.words[start : start + length])


def comparisons(number: int, writer: Writer | None = None) -> Iterator[Comparison]:
    """Nine of ten are imported pairs; of the others a few are open or skipped, and some have ties, edits, tags, notes or
    rankings by two more people."""
    writer = writer or Writer()
    for i in range(number):
        yield _own(writer, i) if i % 10 == 0 else _imported(writer, i)


def fill(store: Store, number: int) -> None:
    """Store that many comparisons."""
    batch: list[Comparison] = []
    for comparison in comparisons(number):
        batch.append(comparison)
        if len(batch) == BATCH:
            store.comparisons.add_all(batch)
            batch.clear()
    store.comparisons.add_all(batch)


def _imported(writer: Writer, number: int) -> Comparison:
    moment = BEGINNING + timedelta(seconds=number)
    source = f"import:{'trl' if number % 3 else 'hh'}"
    rare = f" {RARE}" if number % 10_000 == 1 else ""
    texts = writer.text(30, 120) + rare, writer.text(30, 120)
    return Comparison(
        messages=(Message("user", writer.text(8, 40)),),
        candidates=tuple(
            Candidate(f"c{at}", at, "", text, finish="imported") for at, text in enumerate(texts, 1)
        ),
        id=f"{number:032x}",
        status=ComparisonStatus.ranked,
        source=source,
        ranking=Ranking((("c1",), ("c2",)), annotator="", source=source, created_at=moment),
        created_at=moment,
    )


def _own(writer: Writer, number: int) -> Comparison:
    draw = writer.draw
    moment = BEGINNING + timedelta(seconds=number)
    names = [f"c{at}" for at in range(1, draw.choice((2, 2, 2, 3, 4)) + 1)]
    system = (Message("system", "You answer warmly."),) if number % 20 else ()
    status = draw.choices(
        (ComparisonStatus.ranked, ComparisonStatus.open, ComparisonStatus.skipped), (96, 2, 2)
    )[0]
    others = (
        tuple(_ranking(writer, names, moment, who) for who in ("anna", "ben")) if draw.random() < 0.3 else ()
    )
    return Comparison(
        messages=(*system, Message("user", writer.text(8, 40))),
        candidates=tuple(
            Candidate(name, at, draw.choice(VERSIONS), writer.text(30, 120), finish="stop")
            for at, name in enumerate(names, 1)
        ),
        id=f"{number:032x}",
        status=status,
        persona="warm",
        tags=tuple(draw.sample(("work", "family", "german", "latin", "code"), draw.choice((0, 0, 1, 2)))),
        ranking=_ranking(writer, names, moment, "owner") if status is ComparisonStatus.ranked else None,
        created_at=moment,
        others=others if status is ComparisonStatus.ranked else (),
        selection=draw.choice(("random", "active")),
    )


def _ranking(writer: Writer, names: list[str], moment: datetime, who: str) -> Ranking:
    draw = writer.draw
    order = draw.sample(names, len(names))
    tie = draw.random() < 0.15
    groups = (
        ((order[0], order[1]), *((name,) for name in order[2:])) if tie else tuple((name,) for name in order)
    )
    return Ranking(
        groups=groups,
        all_bad=draw.random() < 0.05,
        aspects=tuple(draw.sample(("warmer", "shorter", "funnier", "clearer"), draw.choice((0, 0, 1, 2)))),
        note=writer.text(3, 10) if draw.random() < 0.1 else "",
        edit=writer.text(20, 60) if draw.random() < 0.1 else None,
        annotator=who,
        seconds=round(draw.uniform(2, 60), 1),
        created_at=moment + timedelta(seconds=5),
    )
