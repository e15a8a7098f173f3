"""How long does the live reward model take for one ranking? It learns rankings one by one, with a guess after each.

python -m benchmarks.live_update politeness_stackexchange.csv
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.reward import OWNERS, PROMPT, read_corpus, split
from reward_model.live import LiveRewardModel

VOTES = (100, 1000, 3000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    args = parser.parse_args()
    task = split(read_corpus(args.corpus, OWNERS[0]), VOTES[-1], 3, 0)
    model, seconds = LiveRewardModel(), []
    print("| rankings | median ms | 95 % | longest |\n| --- | --- | --- | --- |")
    for number, (better, worse) in enumerate(task.train, 1):
        began = time.perf_counter()
        model.learn(str(number), PROMPT, (better.text, worse.text), (0, 1))
        model.chances(PROMPT, (worse.text, better.text))
        seconds.append(time.perf_counter() - began)
        if number in VOTES:
            recent = 1000 * np.array(seconds[-number // 2 :])
            cells = (f"{value:.0f}" for value in (np.median(recent), np.quantile(recent, 0.95), recent.max()))
            print(f"| {number // 2} to {number} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
