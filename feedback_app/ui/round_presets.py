"""Rounds in plain words: what somebody wants, and the method and stages that do it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """`first`: a reward model before; `sft_first`: demonstrations before."""

    label: str
    method: str
    first: bool = False
    sft_first: bool = False


PRESETS = {
    "rankings": Preset("Learn from my rankings", "dpo"),
    "checked": Preset("From my rankings, checked by a reward model of my taste", "dpo", first=True),
    "rewrites": Preset("From my rewrites first, then from my rankings", "dpo", sft_first=True),
    "thumbs": Preset("From my thumbs and rankings", "kto"),
    "practice": Preset("Let it practise against a reward model of my taste (longest)", "ppo", first=True),
    "taste": Preset("Only learn my taste: a reward model", "reward"),
}


def presets() -> list[tuple[str, str]]:
    """(label, preset) for the page's choice."""
    return [(preset.label, name) for name, preset in PRESETS.items()]
