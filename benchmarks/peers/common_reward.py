"""A reward that every PPO can express: the base model and one linear score on the state of the reply's last token.

As a transformers sequence classifier it is `AutoModelForSequenceClassification` with `score.weight` from here; as a function
it is `CommonReward.load(...)(messages, reply)`, or `.score(rows)` of token ids, with the end token where it was reached. The
weights are a ridge regression to a plain target, warm words less length (`target`), over the base model's own replies, in
standard deviations of their reward. How well it fits the target matters little: both contestants maximise the fit.

    python -m benchmarks.peers.common_reward --base FOLDER --out FOLDER [--converted FOLDER]
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

WEIGHTS = "score.safetensors"
FACTS = "reward.json"
BATCH = 16
RIDGES = (1.0, 10.0, 100.0, 1000.0, 10000.0)


class CommonReward:
    """`model` is the base or a PeftModel around it; an adapter on it is turned off while scoring."""

    def __init__(self, model: Any, tokenizer: Any, weight: torch.Tensor) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.weight = weight

    @classmethod
    def load(cls, base: Path, folder: Path, model: Any = None) -> "CommonReward":
        """With `model`, the base that is in memory already is used and nothing but the score weights is read."""
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
        if model is None:
            model = AutoModelForCausalLM.from_pretrained(
                base, dtype=torch.float32, local_files_only=True
            ).eval()
        return cls(model, tokenizer, load_file(folder / WEIGHTS)["score.weight"])

    def score(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """The reward of each row of token ids: prompt and reply, with the end token where it was reached."""
        values = last_states(self.model, rows) @ self.weight.T
        return [float(value) for value in values.squeeze(-1)]

    def __call__(self, messages: Sequence[dict[str, str]], reply: str) -> float:
        """The reward of a reply that ended by itself."""
        prompt = self.tokenizer.apply_chat_template(
            list(messages), return_dict=True, add_generation_prompt=True, sanitize_control_tokens=True
        )
        ids = self.tokenizer(reply, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return self.score([[*prompt["input_ids"], *ids, self.tokenizer.eos_token_id]])[0]


def sequence_classifier(base: Path, folder: Path) -> Any:
    """The same reward as a transformers model with a `score` layer, float32, with a copy of the base's weights."""
    model = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=1, dtype=torch.float32, use_safetensors=True, local_files_only=True
    )
    model.score.load_state_dict({"weight": load_file(folder / WEIGHTS)["score.weight"]})
    return model


@torch.no_grad()
def last_states(model: Any, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """The base model's last hidden state at each row's last token, shape (rows, width), float32 on the CPU."""
    with _adapter_off(model):
        return torch.cat(
            [_last_states(model, rows[begin : begin + BATCH]) for begin in range(0, len(rows), BATCH)]
        )


def _adapter_off(model: Any) -> Any:
    from peft import PeftModel

    return model.disable_adapter() if isinstance(model, PeftModel) else torch.no_grad()


def _last_states(model: Any, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.zeros((len(rows), int(lengths.max())), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row)
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    causal = getattr(model, "get_base_model", lambda: model)()
    body = getattr(causal, causal.base_model_prefix)
    device = next(body.parameters()).device
    states = body(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False)
    return states.last_hidden_state[torch.arange(len(rows)), lengths - 1].float().cpu()


def fit_score(states: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Score weights of shape (1, width), and the correlation with the target on the quarter that was held out.

    Ridge regression without an intercept, which a score layer does not have; the strength is the best on that quarter.
    """
    states, target = states.double(), (target - target.mean()).double()
    train, held = slice(0, len(states) * 3 // 4), slice(len(states) * 3 // 4, None)
    fits = [_ridge(states[train], target[train], strength) for strength in RIDGES]
    agreements = [_correlation(states[held] @ fit, target[held]) for fit in fits]
    best = max(range(len(RIDGES)), key=agreements.__getitem__)
    weight = _ridge(states, target, RIDGES[best])
    return (weight / (states @ weight).std()).float()[None], agreements[best]


def _ridge(states: torch.Tensor, target: torch.Tensor, strength: float) -> torch.Tensor:
    penalty = strength * torch.eye(states.shape[1], dtype=states.dtype)
    return torch.linalg.solve(states.T @ states + penalty, states.T @ target)


def _correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([one, other]))[0, 1])


def target(replies: Sequence[str], warm: Callable[[str], float]) -> torch.Tensor:
    """Warmth less half the length in words, each in standard deviations over these replies."""
    warmth = torch.tensor([warm(reply) for reply in replies], dtype=torch.float64)
    words = torch.tensor([len(reply.split()) for reply in replies], dtype=torch.float64)
    return _standard(warmth) - 0.5 * _standard(words)


def _standard(values: torch.Tensor) -> torch.Tensor:
    return (values - values.mean()) / values.std()


def make(given: argparse.Namespace) -> dict[str, Any]:
    """Draw replies, fit the score and write the folder. Returns what was written about it."""
    from alignment.models.loading import load_base, load_tokenizer
    from benchmarks.owners import warm
    from benchmarks.peers.prompts import training_prompts

    model, tokenizer = load_base(given.base), load_tokenizer(given.base)
    prompts = training_prompts(tokenizer, given.seed)[: given.prompts] * given.replies
    replies = drawn(given, model, tokenizer, prompts)
    texts = [tokenizer.decode(reply, skip_special_tokens=True) for reply in replies]
    states = last_states(model, [[*prompt, *reply] for prompt, reply in zip(prompts, replies, strict=True)])
    weight, agreement = fit_score(states, target(texts, warm))
    given.out.mkdir(parents=True, exist_ok=True)
    save_file({"score.weight": weight.contiguous()}, given.out / WEIGHTS)
    settings = {"replies": len(replies), "reply_tokens": given.reply_tokens, "seed": given.seed}
    facts = {**settings, "held_out_r": agreement}
    (given.out / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    return facts


def drawn(given: argparse.Namespace, model: Any, tokenizer: Any, prompts: list[list[int]]) -> list[list[int]]:
    """A reply of the base model to each prompt, as token ids."""
    from alignment.models.sampling import Draw, draw_converted, draw_loaded, end_ids

    ends, draw = end_ids(given.base, tokenizer), Draw(given.reply_tokens, given.seed)
    if given.converted:
        return list(draw_converted(given.converted, prompts, tokenizer, ends, draw, given.threads))
    return list(draw_loaded(model, prompts, tokenizer, ends, draw))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model in safetensors")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--converted", type=Path, help="the base's CTranslate2 folder, to draw replies faster"
    )
    parser.add_argument("--reply-tokens", type=int, default=48)
    parser.add_argument("--prompts", type=int, help="how many; default: all")
    parser.add_argument("--replies", type=int, default=2, help="per prompt")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(json.dumps(make(given)))


if __name__ == "__main__":
    main()
