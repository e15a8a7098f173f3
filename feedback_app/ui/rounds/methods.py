"""What the Rounds page says of each method, and which of its settings it offers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MethodView:
    """`label` is how the method is chosen; `learns` and `needs` are a sentence each. A setting that the method does not
    have is empty; else it is what is usual. `names`: what a setting is called that the method has under another name. `reward` and `sft`: may such a stage go before?"""

    label: str
    learns: str
    needs: str
    rate: str
    beta: str = ""
    epochs: str = ""
    steps: str = ""
    repeats: str = ""
    reward: bool = True
    sft: bool = True
    names: Mapping[str, str] = field(default_factory=dict)


PASSES = "2 to 6, fewer the more there is"
AGAIN = "With repeats on fresh replies it also needs a reward model."
METHODS = {
    "dpo": MethodView(
        "DPO",
        "Direct preference optimisation makes the reply you preferred likelier than the other.",
        f"Needs rankings. {AGAIN}",
        rate="4e-4",
        beta="0.1",
        epochs=PASSES,
        repeats="0",
    ),
    "kto": MethodView(
        "KTO",
        "Learns from single replies that are good or bad: thumbs, imported ratings, and both replies of a ranked pair.",
        f"Needs good and bad replies. {AGAIN}",
        rate="4e-4",
        beta="0.1",
        epochs=PASSES,
        repeats="0",
    ),
    "sft": MethodView(
        "SFT",
        "Supervised fine-tuning on demonstrations: replies that you rewrote or imported.",
        "Needs demonstrations.",
        rate="2e-4",
        epochs=PASSES,
        sft=False,
    ),
    "ppo": MethodView(
        "PPO",
        "Proximal policy optimisation: the model writes replies, a reward model scores them, and it learns from the scores.",
        "Needs a reward model: tick the box below, or train one first.",
        rate="1e-3",
        beta="0.05",
        steps="256",
        names={"beta": "kl_coef", "steps": "episodes"},
    ),
    "rloo": MethodView(
        "RLOO",
        "The model writes several replies to each prompt, a reward model compares them, and it learns from that.",
        "Needs a reward model: tick the box below, or train one first.",
        rate="1e-3",
        beta="0.05",
        steps="24",
    ),
    "reward": MethodView(
        "Reward model alone",
        "Learns from your rankings which reply you would prefer. It makes no new version of the chat model.",
        "Needs rankings.",
        rate="2e-4",
        epochs="2",
        reward=False,
        sft=False,
    ),
}


def choices() -> list[tuple[str, str]]:
    """(label, method) for the page's choice."""
    return [(view.label, method) for method, view in METHODS.items()]


def about(method: str) -> str:
    """What a method learns from and what it needs, as HTML."""
    view = METHODS[method]
    return f'<p class="quiet">{view.learns} {view.needs}</p>'


def usual(view: MethodView) -> dict[str, str]:
    """What each setting of the page usually is, empty where the method does not have it."""
    return {
        "learning_rate": view.rate,
        "beta": view.beta,
        "epochs": view.epochs,
        "steps": view.steps,
        "online_repeats": view.repeats,
    }


def settings(method: str, given: dict[str, str | None], first: bool, sft_first: bool) -> dict[str, object]:
    """The settings to queue with: what was filled in, as far as the method has it."""
    view = METHODS[method]
    offered = usual(view)
    filled: dict[str, object] = {
        view.names.get(name, name): text.strip()
        for name, text in given.items()
        if offered[name] and text and text.strip()
    }
    if first and view.reward:
        filled["reward"] = True
    if sft_first and view.sft:
        filled["sft_first"] = True
    return filled


def numbers(filled: Mapping[str, object]) -> dict[str, int]:
    """The settings that are whole numbers; what is still being typed is left out."""
    whole = {name: 1 if value is True else str(value) for name, value in filled.items()}
    return {name: int(value) for name, value in whole.items() if str(value).isdecimal()}
