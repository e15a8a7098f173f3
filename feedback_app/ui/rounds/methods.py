"""The methods and presets that the Rounds page offers: what each does, and which settings it has. Pure.

The methods come from the table of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from alignment.contract.methods import METHODS, method_named
from feedback_app.ui.shared.text import quiet

FIELDS: Mapping[str, tuple[str, ...]] = {
    "learning_rate": ("learning_rate",),
    "beta": ("beta", "kl_coef"),
    "epochs": ("epochs",),
    "steps": ("steps", "episodes"),
    "online_repeats": ("online_repeats",),
}
"""The settings that the page offers, each with its possible names in the settings of a method."""
PASSES = "2 to 6, fewer the more there is"
"""The default number of epochs where it depends on the number of examples."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a new version learns from. `first` trains a reward model before it, `sft_first` trains on demonstrations before it."""

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


def choices() -> list[tuple[str, str]]:
    """(label, method) for the page's choice."""
    return [(method.label, name) for name, method in METHODS.items()]


def presets() -> list[tuple[str, str]]:
    """(label, preset) for the page's choice."""
    return [(preset.label, name) for name, preset in PRESETS.items()]


def about(method: str) -> Markup:
    """What a method learns from and what it needs."""
    return quiet(method_named(method).help)


def usual(method: str) -> dict[str, str]:
    """The default of each setting on the page, empty where the method does not have it."""
    fields = method_named(method).config.model_fields
    names = setting_names(method)
    return {
        setting: _in_words(fields[names[setting]].default) if setting in names else "" for setting in FIELDS
    }


def setting_names(method: str) -> dict[str, str]:
    """The settings of the page that the method has, each with its name in the method."""
    fields = method_named(method).config.model_fields
    named = {setting: next((n for n in names if n in fields), "") for setting, names in FIELDS.items()}
    return {setting: name for setting, name in named.items() if name}


def settings(
    method: str, filled_in: Mapping[str, str | None], first: bool, sft_first: bool
) -> dict[str, object]:
    """The settings to queue with: what was filled in and the method has."""
    names = setting_names(method)
    filled: dict[str, object] = {
        names[setting]: text.strip()
        for setting, text in filled_in.items()
        if setting in names and text and text.strip()
    }
    if first and offers_reward_model(method):
        filled["reward"] = True
    if sft_first and offers_sft(method):
        filled["sft_first"] = True
    return filled


def offers_reward_model(method: str) -> bool:
    """Whether a reward model may be trained first."""
    return method_named(method).trains_policy


def offers_sft(method: str) -> bool:
    """Whether training on demonstrations may go first."""
    return method_named(method).sft_first


def numbers(filled: Mapping[str, object]) -> dict[str, int]:
    """The settings that are whole numbers. Anything else, such as a half-typed number, is left out."""
    whole = {name: 1 if value is True else str(value) for name, value in filled.items()}
    return {name: int(value) for name, value in whole.items() if str(value).isdecimal()}


def _in_words(default: object) -> str:
    return PASSES if default is None else f"{default:g}"
