"""The stable split of prompts into a training side and a held-out side."""

import hashlib
import json
import math
from collections.abc import Iterable
from typing import Literal

Split = Literal["train", "heldout"]


def prompt_key(turns: Iterable[tuple[str, str]]) -> str:
    """64 hex digits that are the same for the same prompt. `turns` are (role, content); spacing, case and the system turn
    do not matter."""
    plain = [[role, " ".join(content.casefold().split())] for role, content in turns if role != "system"]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def split_of_key(key: str, heldout_fraction: float) -> Split:
    """The side of a prompt whose `prompt_key` is known. A prompt never changes sides between snapshots."""
    share = int(key[:8], 16) / 0x1_0000_0000
    return "heldout" if share < heldout_fraction else "train"


def first_training_key(heldout_fraction: float) -> str:
    """The prompts whose `prompt_key` is this text or comes after it are on the training side, all others are held out."""
    first = math.ceil(heldout_fraction * 0x1_0000_0000)
    return f"{max(first, 0):08x}" if first < 0x1_0000_0000 else "g"
