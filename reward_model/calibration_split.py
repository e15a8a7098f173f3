"""The calibration split: rankings to train on, and rankings of unseen replies to fit the temperature on."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence

from reward_model.rankings import Ranked

KEPT = 0.1
ENOUGH_TO_KEEP = 400


def keep_apart(rankings: Sequence[Ranked]) -> tuple[list[Ranked], list[Ranked]]:
    """The rankings to train on, and a tenth of them to fit the temperature on, where there are enough.

    A model is overconfident about replies that it was trained on, and a temperature fitted on them would not correct that.
    Rankings that share no reply with another are therefore kept first. Rankings that share a reply with a kept one are left out
    of training, at most a tenth in all. Rankings of the same replies stay together, and the split is the same each time.
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
