"""How many rankings does active selection of pairs save?

The live reward model's head learns one annotator's taste (as in `benchmarks.reward`) from pairs that are drawn at random, or
chosen from a pool, twenty at a time: the pairs whose replies were asked about least (`fresh`), of those the ones that would
tell most (`fresh, informative`), or those whatever was asked before (`informative`). Prints accuracy on held-out pairs.

    python -m benchmarks.active politeness_stackexchange.csv
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.reward import OWNERS, Rated, Task, read_corpus, split
from reward_model.live import scale_of
from reward_model.posterior import PairFeatures, Posterior, fit_widths, information, use_weights
from reward_model.style import style_features

Array = npt.NDArray[np.float64]
Pair = tuple[Rated, Rated]

RANDOM = "random"
STRATEGIES = (RANDOM, "fresh", "fresh, informative", "informative")
POOL, FIRST, BATCH = 3000, 20, 20
SIZES = (100, 200, 280, 400)


def run(task: Task, strategy: str, features: dict[str, Array], seed: int) -> list[float]:
    """Accuracy after each of SIZES rankings."""
    chance = np.random.default_rng(seed)
    rest = list(task.train)
    chance.shuffle(rest)  # type: ignore[arg-type]
    asked, rest, found = rest[:FIRST], rest[FIRST:], []
    while True:
        known = learn(asked, features)
        if len(asked) in SIZES:
            found.append(float((known.win(differences(task.test, features)) > 0.5).mean()))
        if len(asked) >= SIZES[-1]:
            return found
        chosen = choose(strategy, known, asked, rest, features)
        asked = asked + [rest[i] for i in chosen]
        rest = [pair for i, pair in enumerate(rest) if i not in set(chosen)]


def choose(
    strategy: str, known: Posterior, asked: Sequence[Pair], rest: Sequence[Pair], features: dict[str, Array]
) -> list[int]:
    """Indices of the next BATCH pairs. `rest` is in random order, which breaks ties."""
    if strategy == RANDOM:
        return list(range(BATCH))
    uses = Counter(rated.text for pair in asked for rated in pair)
    before = np.array([uses[a.text] + uses[b.text] for a, b in rest])
    told = information(known, differences(rest, features))
    worth = {"fresh": -before, "fresh, informative": told - before, "informative": told}[strategy]
    chosen: list[int] = []
    seen: set[str] = set()
    for index in np.argsort(-worth, kind="stable"):
        texts = {rated.text for rated in rest[index]}
        if strategy == "informative" or not texts & seen:
            chosen.append(int(index))
            seen |= texts
        if len(chosen) == BATCH:
            break
    return chosen


def learn(pairs: Sequence[Pair], features: dict[str, Array]) -> Posterior:
    tie = np.zeros(len(pairs), bool)
    return fit_widths(
        PairFeatures(differences(pairs, features), tie, use_weights([(a.text, b.text) for a, b in pairs]))
    )


def differences(pairs: Sequence[Pair], features: dict[str, Array]) -> Array:
    return np.stack([features[a.text] - features[b.text] for a, b in pairs])


def features_of(rated: Sequence[Rated]) -> dict[str, Array]:
    """Style features over their scale, by text."""
    found = np.stack([style_features(item.text) for item in rated])
    return {item.text: row for item, row in zip(rated, found / scale_of(found), strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--owners", nargs="+", default=OWNERS)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    print("| owner | chosen | " + " | ".join(f"{size} pairs" for size in SIZES) + " |")
    print("| --- " * (len(SIZES) + 2) + "|")
    for owner in args.owners:
        rated = read_corpus(args.corpus, owner)
        features = features_of(rated)
        tasks = [split(rated, POOL, 3, seed) for seed in range(args.seeds)]
        for strategy in STRATEGIES:
            runs = np.array([run(task, strategy, features, seed) for seed, task in enumerate(tasks)])
            cells = (f"{value:.3f}" for value in runs.mean(0))
            print(f"| {owner} | {strategy} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
