"""How long does the leaderboard take? `python -m benchmarks.leaderboard`

Simulated comparisons with planted strengths, length and side effects in a SQLite store. Ours is timed from there to the
finished board: reading, counts, both fits, bootstrap, matrix. The peer is the plain way, of which a few draws are timed: resample
the pairs, read already, and call evalica's Bradley-Terry. Times are processor time. Prints Markdown.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import evalica
import numpy as np

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.pairwise_outcomes import ShownReply
from feedback_app.services.leaderboard.design_matrix import DesignMatrix, design_matrix
from feedback_app.services.leaderboard.leaderboard import DRAWS, Leaderboard, counted_outcomes
from feedback_app.store import Store, migrate, open_store

T = TypeVar("T")
RankedReplies = tuple[str, list[ShownReply], tuple[tuple[str, ...], ...]]
WINNERS = (evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.X)


def ranked_replies(number: int, versions: int, most: int, seed: int = 0) -> list[RankedReplies]:
    """Comparisons of two to `most` replies by a Plackett-Luce judge who likes length and the left; one in ten ends in a tie."""
    chance = np.random.default_rng(seed)
    strengths = np.linspace(-0.5, 0.5, versions)
    found = []
    for i in range(number):
        size = int(chance.integers(2, most, endpoint=True))
        models = chance.choice(versions, size, replace=False)
        lengths = np.maximum(chance.lognormal(5, 0.5, size), 1).astype(int)
        utility = strengths[models] + 0.4 * np.log2(lengths) + chance.gumbel(size=size)
        utility[0] += 0.3
        replies = [ShownReply(f"c{j}", _name(m), j, int(lengths[j])) for j, m in enumerate(models)]
        best = tuple((f"c{j}",) for j in np.argsort(-utility))
        found.append((str(i), replies, (sum(best, ()),) if chance.random() < 0.1 else best))
    return found


def _name(model: int) -> str:
    return f"dpo-{model}" if model else "base"


def peer(given: DesignMatrix, draws: int) -> None:
    """Bradley-Terry by evalica on resampled pairs, `draws` times."""
    chance, times = np.random.default_rng(0), given.counts[given.kind]
    names = np.array(given.models, object)
    left, right = np.repeat(names[given.first], times), np.repeat(names[given.second], times)
    won = np.repeat(np.rint(2 * given.points).astype(int), times)
    for _ in range(draws):
        drawn = chance.integers(len(won), size=len(won))
        winners = [WINNERS[i] for i in won[drawn]]
        evalica.bradley_terry(list(left[drawn]), list(right[drawn]), winners)


def stored(store: Store, found: Sequence[RankedReplies]) -> None:
    for begin in range(0, len(found), 5000):
        store.comparisons.add_all([_comparison(*one) for one in found[begin : begin + 5000]])


def _comparison(name: str, replies: list[ShownReply], groups: tuple[tuple[str, ...], ...]) -> Comparison:
    candidates = tuple(Candidate(r.id, r.position, r.model, "x" * r.length, finish="stop") for r in replies)
    status, ranking = ComparisonStatus.ranked, Ranking(groups)
    return Comparison((Message("user", f"Question {name}"),), candidates, name, status, ranking=ranking)


def timed(do: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    return do(), time.process_time() - began


def show(given: argparse.Namespace, versions: int, most: int) -> None:
    """One line: a store of such comparisons, its leaderboard for the first time and again, and the peer."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'codelynn.db'}"
        migrate(url)
        store = open_store(url)
        stored(store, ranked_replies(given.comparisons, versions, most))
        leaderboard = Leaderboard(store)
        found, first = timed(leaderboard.board)
        _, again = timed(leaderboard.board)
        kinds, reading = timed(lambda: counted_outcomes(store))
        store.close()
    _, once = timed(lambda: peer(design_matrix(kinds), given.peer_draws))
    theirs = once / given.peer_draws * DRAWS
    cells = (
        f"{given.comparisons:,} of up to {most} replies",
        versions,
        f"{found.pairs:,}",
        f"{reading:.2f} s",
        f"**{first:.2f} s**",
        f"{again:.3f} s",
        f"{theirs:.0f} s",
        f"× {theirs / first:.0f}",
    )
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--comparisons", type=int, default=100_000)
    parser.add_argument("--peer-draws", type=int, default=5)
    given = parser.parse_args()
    print(
        f"| comparisons | versions | pairs | reading alone | board, {DRAWS} draws, first time | nothing changed since "
        f"| evalica, {DRAWS} draws | ours is |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    for versions, most in ((10, 2), (10, 4), (30, 2)):
        show(given, versions, most)


if __name__ == "__main__":
    main()
