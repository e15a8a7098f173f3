"""Compares our reward network with TRL's RewardTrainer on the same pairs: `python -m benchmarks.reward_speed DATA --base FOLDER`.

DATA is a CSV of texts with a politeness score (columns Request and "Normalized Score"), of which two with different scores
make a pair, or a `rankings.parquet`. Each contestant trains and scores in a process of its own. Times are processor time, so
that other work on the machine does not count, and include loading the model, tokenising and writing the result.
Prints Markdown.
"""

import argparse
import contextlib
import csv
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from reward_model.rankings import Messages, Ranked, pairs_of, read_rankings

T = TypeVar("T")
PROMPT: Messages = ({"role": "user", "content": "How would you put it?"},)


@dataclass(frozen=True, slots=True)
class Race:
    """The input of both. Each ranking is a pair."""

    base: Path
    train: list[Ranked]
    heldout: list[Ranked]
    epochs: float
    batch: int
    threads: int


@dataclass(frozen=True, slots=True)
class Result:
    train_seconds: float
    score_seconds: float
    accuracy: float
    peak: float
    """Resident memory in GB."""


def pairs_of_csv(file: Path, gap: float, seed: int) -> list[Ranked]:
    """Pairs of texts whose scores differ by `gap` or more; no text is in two pairs."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [(row["Request"], float(row["Normalized Score"])) for row in csv.DictReader(lines)]
    random.Random(seed).shuffle(rows)
    return [
        Ranked(PROMPT, (first, second), (0, 1) if liked > other else (1, 0))
        for (first, liked), (second, other) in zip(rows[::2], rows[1::2], strict=False)
        if abs(liked - other) >= gap
    ]


def pairs_of_rankings(file: Path, seed: int) -> list[Ranked]:
    """All pairs with a winner, each as a ranking of two."""
    found = [
        Ranked(ranked.prompt, (ranked.replies[pair.better], ranked.replies[pair.worse]), (0, 1))
        for ranked in read_rankings(file)
        for pair in pairs_of(ranked)
        if not pair.tie
    ]
    random.Random(seed).shuffle(found)
    return found


def ours(race: Race) -> Result:
    import torch

    from reward_model.config import RewardConfig
    from reward_model.network import RewardNetwork
    from reward_model.train import train_network

    torch.set_num_threads(race.threads)
    config = RewardConfig(epochs=race.epochs, batch_size=race.batch)
    items = [(ranked.prompt, reply) for ranked in race.heldout for reply in ranked.replies]
    with tempfile.TemporaryDirectory() as folder:
        _, train_seconds = timed(lambda: train_network(race.base, race.train, config, Path(folder)))
        peak = peak_memory()
        network = RewardNetwork.load(race.base, Path(folder))
    scores, score_seconds = timed(lambda: network.score(items))
    right = [
        (a > b) == (ranked.places[0] < ranked.places[1])
        for a, b, ranked in zip(scores[::2], scores[1::2], race.heldout, strict=True)
    ]
    return Result(train_seconds, score_seconds, sum(right) / len(right), peak)


def trl(race: Race) -> Result:
    """TRL's defaults, except for the processor, the reports, and what both must share."""
    return _trl(race, {})


def trl_float32(race: Race) -> Result:
    """As above, but in float32: TRL's default bfloat16 is slow on processors without support for it."""
    return _trl(race, {"bf16": False})


def _trl(race: Race, options: dict[str, Any]) -> Result:
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import RewardConfig, RewardTrainer

    def dataset(pairs: Sequence[Ranked]) -> Dataset:
        return Dataset.from_list([_trl_row(pair) for pair in pairs])

    def train() -> RewardTrainer:
        arguments = RewardConfig(
            output_dir=folder,
            use_cpu=True,
            report_to="none",
            num_train_epochs=race.epochs,
            per_device_train_batch_size=race.batch,
            **options,
        )
        lora = LoraConfig(
            r=16, lora_alpha=32, target_modules="all-linear", modules_to_save=["score"], task_type="SEQ_CLS"
        )
        trainer = RewardTrainer(
            str(race.base), args=arguments, train_dataset=dataset(race.train), peft_config=lora
        )
        trainer.train()
        return trainer

    torch.set_num_threads(race.threads)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        trainer, train_seconds = timed(train)
        peak = peak_memory()
        measured, score_seconds = timed(lambda: trainer.evaluate(dataset(race.heldout)))
    return Result(train_seconds, score_seconds, measured["eval_accuracy"], peak)


def _trl_row(pair: Ranked) -> dict[str, Any]:
    chosen, rejected = pair.replies if pair.places == (0, 1) else pair.replies[::-1]
    return {
        "prompt": list(pair.prompt),
        "chosen": [{"role": "assistant", "content": chosen}],
        "rejected": [{"role": "assistant", "content": rejected}],
    }


def timed(do: Callable[[], T]) -> tuple[T, float]:
    """The result and its processor time, which with one thread equals the time on an idle machine."""
    began = time.process_time()
    result = do()
    return result, time.process_time() - began


def peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def show(race: Race, results: dict[str, Result]) -> None:
    reference = results["ours"]
    print(
        "| | training, pairs/s | ours is | scoring, pairs/s | ours is | held-out accuracy | peak of training, GB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, result in results.items():
        train = len(race.train) * race.epochs / result.train_seconds
        score = len(race.heldout) / result.score_seconds
        faster = [
            "" if result is reference else f"× {theirs / mine:.1f}"
            for theirs, mine in (
                (result.train_seconds, reference.train_seconds),
                (result.score_seconds, reference.score_seconds),
            )
        ]
        print(
            f"| {name} | {train:.2f} | {faster[0]} | {score:.2f} | {faster[1]} "
            f"| {result.accuracy:.3f} | {result.peak:.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model in safetensors")
    parser.add_argument("--pairs", type=int, default=64, help="pairs to train on")
    parser.add_argument("--heldout", type=int, default=200, help="pairs to score")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=8, help="pairs per step")
    parser.add_argument(
        "--gap", type=float, default=1.0, help="least difference of the scores of a pair in the CSV"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", nargs="*", default=[], help="contestants to leave out")
    given = parser.parse_args()
    if given.data.suffix == ".csv":
        pairs = pairs_of_csv(given.data, given.gap, given.seed)
    else:
        pairs = pairs_of_rankings(given.data, given.seed)
    if len(pairs) < given.pairs + given.heldout:
        sys.exit(f"{given.data.name} has only {len(pairs)} pairs")
    train, heldout = pairs[: given.pairs], pairs[given.pairs : given.pairs + given.heldout]
    race = Race(given.base, train, heldout, given.epochs, given.batch, given.threads)
    contestants = {"ours": ours, "TRL": trl, "TRL in float32": trl_float32}
    results = {}
    for name, run in contestants.items():
        if name not in given.without:
            # A process for each, so that its peak memory is its own.
            with multiprocessing.get_context("spawn").Pool(1) as process:
                results[name] = process.apply(run, (race,))
    show(race, results)


if __name__ == "__main__":
    main()
