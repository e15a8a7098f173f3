"""An owner who likes thanks: rankings of random sentences that anybody can check."""

import random

from reward_model.config import RewardConfig
from reward_model.rankings import Messages, Ranked

PROMPT: Messages = ({"role": "user", "content": "What should I cook tonight?"},)
WORDS = [
    "soup",
    "is",
    "warm",
    "and",
    "easy",
    "add",
    "onions",
    "carrots",
    "a",
    "little",
    "salt",
    "the",
    "cat",
    "sat",
    "on",
    "computer",
    "Paris",
    "four",
    "lovely",
    "day",
]
CONFIG = RewardConfig(learning_rate=5e-3, epochs=3, batch_size=8, lora_r=4, lora_alpha=8)


def sentence(draw: random.Random, thanks: bool) -> str:
    words = draw.choices(WORDS, k=draw.randint(3, 8))
    if thanks:
        words.insert(draw.randrange(len(words)), "thanks")
    return " ".join(words)


def toy_rankings(count: int, seed: int, ties: bool = False) -> list[Ranked]:
    """Pairs of which one reply says thanks; with `ties` every third pair is of two that do not."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        if ties and number % 3 == 0:
            found.append(Ranked(PROMPT, (sentence(draw, False), sentence(draw, False)), (0, 0)))
            continue
        best = draw.randrange(2)
        replies = tuple(sentence(draw, place == best) for place in range(2))
        found.append(Ranked(PROMPT, replies, (0, 1) if best == 0 else (1, 0)))
    return found


def ranking_of_nine(seed: int) -> Ranked:
    """Three replies with thanks, before six without."""
    draw = random.Random(seed)
    return Ranked(
        PROMPT, tuple(sentence(draw, place < 3) for place in range(9)), tuple(int(p >= 3) for p in range(9))
    )
