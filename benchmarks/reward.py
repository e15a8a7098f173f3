"""How well is one person's preference learned from few rankings?

One annotator of a rated corpus stands for the owner: pairs of texts of one community whose ratings by that annotator differ
by GAP or more, split by text. In one run, on the same pairs: TF-IDF with logistic regression (the floor), the live reward
model, the trained reward model, and the mean of the other annotators (the ceiling).

    python -m benchmarks.reward politeness_stackexchange.csv --base FOLDER
"""

import argparse
import csv
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import logit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from reward_model.calibrate import expected_calibration_error
from reward_model.config import RewardConfig
from reward_model.evaluate import preference_accuracy
from reward_model.fit import fit_reward, load_reward
from reward_model.live import LiveRewardModel
from reward_model.rankings import Messages, Ranked

OWNERS = ("A233ONYNWKDIYF", "A2UFD1I8ZO1V4G", "A28TXBSZPWMEU9")
PROMPT: Messages = ({"role": "user", "content": "How would you put it?"},)
TEST_SHARE, TEST_PAIRS = 0.3, 2000
ANNOTATORS = range(1, 6)
HEADER = (
    "| owner | pairs | TF-IDF | live | trained | other annotators | live less TF-IDF | trained less TF-IDF "
    "| calibration error, live | trained |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True, slots=True)
class Rated:
    """A text with the owner's rating and the mean of the others'."""

    text: str
    community: str
    owner: float
    others: float


@dataclass(frozen=True, slots=True)
class Task:
    """Pairs (better, worse) in which no text appears on both sides."""

    train: list[tuple[Rated, Rated]]
    test: list[tuple[Rated, Rated]]


def read_corpus(file: Path, owner: str) -> list[Rated]:
    """Every text that the owner rated, once."""
    found: dict[str, Rated] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            scores = {row[f"TurkId{i}"]: float(row[f"Score{i}"]) for i in ANNOTATORS}
            if owner in scores:
                own = scores.pop(owner)
                rated = Rated(row["Request"], row["Community"], own, float(np.mean(list(scores.values()))))
                found.setdefault(rated.text, rated)
    return list(found.values())


def split(rated: Sequence[Rated], pairs: int, gap: float, seed: int) -> Task:
    """Assign texts to a side at random, then pair them within their community."""
    chance = np.random.default_rng(seed)
    test = chance.random(len(rated)) < TEST_SHARE
    sides = ([r for r, t in zip(rated, test, strict=True) if t == side] for side in (False, True))
    train, held = (
        draw_pairs(side, n, gap, chance) for side, n in zip(sides, (pairs, TEST_PAIRS), strict=True)
    )
    return Task(train, held)


def draw_pairs(
    rated: Iterable[Rated], count: int, gap: float, chance: np.random.Generator
) -> list[tuple[Rated, Rated]]:
    """`count` different pairs, or as many as 100 attempts per pair find. Large communities give more."""
    groups = defaultdict(list)
    for item in rated:
        groups[item.community].append(item)
    members = [group for group in groups.values() if len(group) > 1]
    share = np.array([len(group) for group in members], float)
    found: dict[tuple[str, str], tuple[Rated, Rated]] = {}
    for _ in range(100 * count):
        group = members[chance.choice(len(members), p=share / share.sum())]
        a, b = (group[i] for i in chance.choice(len(group), 2, replace=False))
        if abs(a.owner - b.owner) >= gap:
            better, worse = (a, b) if a.owner > b.owner else (b, a)
            found.setdefault((better.text, worse.text), (better, worse))
        if len(found) == count:
            break
    return list(found.values())


def tfidf(task: Task, pairs: int, seed: int) -> list[float]:
    """Margins of the baseline: logistic regression on the difference of word and word-pair weights."""
    train = task.train[:pairs]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    words.fit(sorted({rated.text for pair in train for rated in pair}))

    def differences(pairs: Sequence[tuple[Rated, Rated]]) -> "npt.ArrayLike":
        return words.transform([a.text for a, _ in pairs]) - words.transform([b.text for _, b in pairs])

    first = np.random.default_rng(seed).random(len(train)) < 0.5
    turned = [pair if keep else pair[::-1] for pair, keep in zip(train, first, strict=True)]
    model = LogisticRegression(fit_intercept=False, max_iter=2000).fit(differences(turned), first)
    return [float(value) for value in model.decision_function(differences(task.test))]


def live(task: Task, pairs: int, seed: int) -> list[float]:
    """Margins of the live model after each ranking."""
    model = LiveRewardModel(seed)
    for number, (better, worse) in enumerate(task.train[:pairs]):
        model.learn(str(number), PROMPT, (better.text, worse.text), (0, 1))
    chances = [model.chances(PROMPT, (better.text, worse.text)) for better, worse in task.test]
    return [float(logit(chance[0])) for chance in chances if chance]


def trained(base: Path, config: RewardConfig) -> Callable[[Task, int, int], list[float]]:
    """Margins of the model that `codelynn reward train` trains."""

    def margins(task: Task, pairs: int, seed: int) -> list[float]:
        rankings = [Ranked(PROMPT, (better.text, worse.text), (0, 1)) for better, worse in task.train[:pairs]]
        with tempfile.TemporaryDirectory() as folder:
            fit_reward(base, rankings, config.model_copy(update={"seed": seed}), Path(folder))
            model = load_reward(base, Path(folder))
        texts = sorted({rated.text for pair in task.test for rated in pair})
        score = dict(zip(texts, model.score([(PROMPT, text) for text in texts]), strict=True))
        return [score[better.text] - score[worse.text] for better, worse in task.test]

    return margins


def ceiling(task: Task) -> float:
    """How often the mean of the other annotators agrees; equal means are half right."""
    return float(np.mean([(np.sign(a.others - b.others) + 1) / 2 for a, b in task.test]))


def row(
    owner: str, pairs: int, tasks: Sequence[Task], fit_trained: Callable[[Task, int, int], list[float]]
) -> str:
    """One line of the table: means over the tasks, differences with their standard error. Each task is reported on stderr, because a
    fit takes minutes."""
    fits = (tfidf, live, fit_trained)
    found = []
    for seed, task in enumerate(tasks):
        found.append([fit(task, pairs, seed) for fit in fits])
        told = " ".join(f"{preference_accuracy(margins).value:.3f}" for margins in found[-1])
        print(f"{owner}, {pairs} pairs, seed {seed}: {told}", file=sys.stderr, flush=True)
    floor, lives, trains = zip(*found, strict=True)
    accuracy = [np.array([preference_accuracy(m).value for m in each]) for each in (floor, lives, trains)]
    errors = [np.mean([expected_calibration_error(m) for m in each]) for each in (lives, trains)]
    top = np.mean([ceiling(task) for task in tasks])
    gains = [_gain(each - accuracy[0]) for each in accuracy[1:]]
    cells = [owner, str(pairs), *(f"{each.mean():.3f}" for each in accuracy), f"{top:.3f}", *gains]
    return "| " + " | ".join([*cells, *(f"{error:.3f}" for error in errors)]) + " |"


def _gain(differences: "npt.NDArray[np.float64]") -> str:
    error = differences.std(ddof=1) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
    return f"{100 * differences.mean():+.1f} ± {100 * error:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model in safetensors")
    parser.add_argument("--owners", nargs="+", default=OWNERS)
    parser.add_argument("--pairs", nargs="+", type=int, default=[50, 200, 1000])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--gap", type=float, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--without-trained", action="store_true", help="the floor and the live model only")
    parser.add_argument(
        "--set", action="append", default=[], help="a setting of the trained model, name=value"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    config = RewardConfig.model_validate(dict(item.split("=", 1) for item in args.set))
    fit_trained = live if args.without_trained else trained(args.base, config)
    print(HEADER, flush=True)
    for owner in args.owners:
        rated = read_corpus(args.corpus, owner)
        tasks = [split(rated, max(args.pairs), args.gap, seed) for seed in range(args.seeds)]
        for pairs in args.pairs:
            print(row(owner, pairs, tasks, fit_trained), flush=True)


if __name__ == "__main__":
    main()
