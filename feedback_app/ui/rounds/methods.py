"""The methods as the Rounds page offers them, from the contract's table: what each does, and which settings it has. Pure."""

from collections.abc import Mapping
from html import escape

from alignment.contract.methods import METHODS, method_named

FIELDS: Mapping[str, tuple[str, ...]] = {
    "learning_rate": ("learning_rate",),
    "beta": ("beta", "kl_coef"),
    "epochs": ("epochs",),
    "steps": ("steps", "episodes"),
    "online_repeats": ("online_repeats",),
}
"""The settings that the page offers, each with the names that it has in the methods' settings."""
PASSES = "2 to 6, fewer the more there is"
"""Epochs where the number of examples decides."""


def choices() -> list[tuple[str, str]]:
    """(label, method) for the page's choice."""
    return [(method.label, name) for name, method in METHODS.items()]


def about(method: str) -> str:
    """What a method learns from and what it needs, as HTML."""
    return f'<p class="quiet">{escape(method_named(method).help)}</p>'


def usual(method: str) -> dict[str, str]:
    """The default of each setting on the page, empty where the method does not have it."""
    fields = method_named(method).config.model_fields
    names = setting_names(method)
    return {
        setting: _in_words(fields[names[setting]].default) if setting in names else "" for setting in FIELDS
    }


def setting_names(method: str) -> dict[str, str]:
    """The settings of the page that the method has, each with its name there."""
    fields = method_named(method).config.model_fields
    named = {setting: next((n for n in names if n in fields), "") for setting, names in FIELDS.items()}
    return {setting: name for setting, name in named.items() if name}


def settings(
    method: str, filled_in: Mapping[str, str | None], first: bool, sft_first: bool
) -> dict[str, object]:
    """The settings to queue with: what was filled in, as far as the method has it."""
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
    """The settings that are whole numbers; what is still being typed is left out."""
    whole = {name: 1 if value is True else str(value) for name, value in filled.items()}
    return {name: int(value) for name, value in whole.items() if str(value).isdecimal()}


def _in_words(default: object) -> str:
    return PASSES if default is None else f"{default:g}"
