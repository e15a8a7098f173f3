"""What a new version learns from, and the method and stages that do it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """`first`: a reward model before; `sft_first`: demonstrations before."""

    label: str
    method: str
    first: bool = False
    sft_first: bool = False


PRESETS = {
    "rankings": Preset("My rankings", "dpo"),
    "checked": Preset("My rankings; a reward model helps to check the result", "dpo", first=True),
    "rewrites": Preset("My rewrites first, then my rankings", "dpo", sft_first=True),
    "thumbs": Preset("My thumbs and rankings", "kto"),
    "practice": Preset("Practice against a reward model (takes longest)", "ppo", first=True),
    "taste": Preset("My rankings, for a reward model alone", "reward"),
}


def presets() -> list[tuple[str, str]]:
    """(label, preset) for the page's choice."""
    return [(preset.label, name) for name, preset in PRESETS.items()]
