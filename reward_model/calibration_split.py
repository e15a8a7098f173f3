"""The calibration split: rankings to train on, and rankings of unseen replies to fit the temperature on."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence

from reward_model.rankings import Ranked

KEPT = 0.1
ENOUGH_TO_KEEP = 400


def keep_apart(rankings: Sequence[Ranked]) -> tuple[list[Ranked], list[Ranked]]:
    """What is learned from, and a tenth for the temperature where there is enough.

    A model is surer of replies that it has learned from than of others, and a temperature found on such would leave it so. So
    rankings whose replies stand in no other are kept first; what shares a reply with a kept one is left out, at most
    a tenth in all. Verdicts on the same replies stay together, and fall on the same side the next time.
    """
    if len(rankings) < ENOUGH_TO_KEEP:
        return list(rankings), []
    same = defaultdict[str, set[int]](set)
    having = defaultdict[str, set[int]](set)
    for number, ranked in enumerate(rankings):
        same[_digest(ranked)].add(number)
        for reply in ranked.replies:
            having[reply].add(number)

    def others(digest: str) -> int:
        one = rankings[min(same[digest])]
        return sum(len(having[reply]) - len(same[digest]) for reply in set(one.replies))

    kept, used = set[int](), set[int]()
    for digest in sorted(same, key=lambda digest: (others(digest), digest)):
        near = set[int]().union(*(having[reply] for reply in rankings[min(same[digest])].replies)) - used
        if len(kept) >= KEPT * len(rankings) or len(used) + len(near) > 2 * KEPT * len(rankings):
            break
        kept |= same[digest]
        used |= near
    learned = [ranked for i, ranked in enumerate(rankings) if i not in used]
    return learned, [ranked for i, ranked in enumerate(rankings) if i in kept]


def _digest(ranked: Ranked) -> str:
    return hashlib.sha256(json.dumps([*ranked.prompt, sorted(ranked.replies)]).encode()).hexdigest()
