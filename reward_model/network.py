"""The trained reward model: the base model without its output layer, LoRA on its last layers, and a score head."""

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer
from transformers.pytorch_utils import Conv1D

from reward_model.collate import Packed, Text, Tokenizer, chunks, encode, pack
from reward_model.config import RewardConfig
from reward_model.precision import bf16
from reward_model.rankings import Messages

Model = Any
"""A transformers model that returns hidden states, or a peft PeftModel around one."""

ADAPTER = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
HEAD = "head.safetensors"
Progress = Callable[[float], None]
"""Called with the share of the work that is done, from 0 to 1."""
SCORE_TOKENS = 512  # in one row; longer rows were not faster on a CPU, and attention grows with their square


class ScoreHead(torch.nn.Module):
    """From the hidden states of a reply to its reward, in float32.

    Each dimension is standardised first, because hidden states have a large common part and a few huge dimensions, and replies differ
    little beside them. The weights start at zero, so an untrained network scores every reply 0.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))
        self.score = torch.nn.Linear(size, 1, bias=False)  # a constant would cancel out in every pair
        torch.nn.init.zeros_(self.score.weight)

    def standardise(self, pooled: torch.Tensor) -> None:
        """Take mean and standard deviation of each dimension from `pooled` [texts, size], at least two texts."""
        self.mean = pooled.mean(0)
        self.deviation = pooled.std(0).clamp_min(1e-3)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """`pooled` [texts, size] to rewards [texts]."""
        reward: torch.Tensor = self.score((pooled - self.mean) / self.deviation).squeeze(-1)
        return reward


class RewardNetwork:
    """A base model with an adapter and a score head, which scores how much the owner would like a reply."""

    def __init__(
        self, model: Model, tokenizer: Tokenizer, head: ScoreHead, max_length: int, tie_threshold: float = 0.0
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.head = head
        self.max_length = max_length
        self.tie_threshold = tie_threshold
        self.bf16 = False

    @classmethod
    def fresh(cls, base_dir: Path, config: RewardConfig) -> "RewardNetwork":
        """An untrained network; the random LoRA matrices come from torch's global generator."""
        base = load_base(base_dir)
        limit = int(base.config.get_text_config().max_position_embeddings)
        head = ScoreHead(2 * _width(base)).to(base.device)
        model = get_peft_model(base, lora_config(base, config))
        network = cls(model, load_tokenizer(base_dir), head, min(config.max_length, limit))
        network.bf16 = bf16(config.precision, network.device)
        return network

    @classmethod
    def load(cls, base_dir: Path, folder: Path) -> "RewardNetwork":
        """The network that was trained into `folder`, ready to score. Raises OSError, ValueError on broken files."""
        base = load_base(base_dir)
        tuned = PeftModel.from_pretrained(base, str(folder), is_trainable=False)
        model = tuned.merge_and_unload().eval()  # one matrix again: LoRA costs nothing when scoring
        head, tie_threshold, max_length = read_head(folder / HEAD)
        return cls(model, load_tokenizer(base_dir), head.to(base.device), max_length, tie_threshold)

    def save(self, folder: Path, base_name: str) -> None:
        """Write the adapter (as PEFT reads it, with no path of this machine) and the head, as safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(adapter_weights(self.model), folder / ADAPTER, metadata={"format": "pt"})
        self.model.peft_config["default"].save_pretrained(str(folder))
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        settings |= {"base_model_name_or_path": base_name, "inference_mode": True}
        settings["target_modules"] = sorted(settings["target_modules"])  # PEFT keeps a set, in any order
        (folder / SETTINGS).write_text(
            json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
        head = {
            **{name: tensor.cpu().contiguous() for name, tensor in self.head.state_dict().items()},
            "tie_threshold": torch.tensor(self.tie_threshold),
            "max_length": torch.tensor(self.max_length),
        }
        save_file(head, folder / HEAD, metadata={"format": "pt"})

    def encode(self, prompt: Messages, reply: str) -> Text:
        return encode(self.tokenizer, prompt, reply, self.max_length)

    def pooled(self, packed: Packed) -> torch.Tensor:
        """Mean and last hidden state of each reply, [texts, 2 size] in float32, with their gradient.

        On real annotators the last state was more informative, with few rankings and with many. The mean shows words in the middle.
        """
        # Only the layers run in bfloat16: differences between replies are small beside what they have in common.
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.bf16):
            hidden = self.model(
                input_ids=packed.ids,
                attention_mask=packed.mask,
                position_ids=packed.positions,
                use_cache=False,
            ).last_hidden_state
        states = hidden[0].float()
        return torch.cat([packed.pool @ states, states[packed.last]], -1)

    def rewards(self, packed: Packed) -> torch.Tensor:
        """Rewards [texts], with their gradient."""
        reward: torch.Tensor = self.head(self.pooled(packed))
        return reward

    def score(self, items: Sequence[tuple[Messages, str]]) -> list[float]:
        """One reward per prompt and reply; only differences between replies to the same prompt mean anything."""
        if not items:
            return []
        with torch.no_grad():
            rewards: list[float] = self.head(self.states(items)).tolist()
        return rewards

    @torch.no_grad()
    def states(
        self, items: Sequence[tuple[Messages, str]], read: Progress = lambda share: None
    ) -> torch.Tensor:
        """Mean and last hidden state of each reply, [items, 2 size] in float32, without gradients or dropout. `read`
        receives the share that is done."""
        texts = [self.encode(prompt, reply) for prompt, reply in items]
        by_text: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        self.model.eval()
        done = 0
        for chunk in chunks(texts, SCORE_TOKENS):
            states = self.pooled(pack([texts[index] for index in chunk], self.device))
            for index, state in zip(chunk, states, strict=True):
                by_text[index] = state
            done += len(chunk)
            read(done / len(texts))
        return torch.stack(by_text)

    @property
    def device(self) -> str:
        return str(self.model.device)


def read_head(file: Path) -> tuple[ScoreHead, float, int]:
    """The score head in `file`, the tie threshold and the longest text. Raises OSError, ValueError."""
    stored = load_file(file)
    tie_threshold, max_length = float(stored.pop("tie_threshold")), int(stored.pop("max_length"))
    head = ScoreHead(stored["mean"].shape[0])
    head.load_state_dict(stored)
    return head, tie_threshold, max_length


def load_base(base_dir: Path) -> Model:
    """The layers of the base model in float32, without the output layer over the vocabulary. Reads only safetensors."""
    model: Model = AutoModel.from_pretrained(
        base_dir,
        dtype=torch.float32,
        use_safetensors=True,
        local_files_only=True,
        attn_implementation="sdpa",  # takes the mask of a tree of texts as it is
    )
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def load_tokenizer(base_dir: Path) -> Tokenizer:
    return AutoTokenizer.from_pretrained(base_dir, local_files_only=True)


def lora_config(base: Model, config: RewardConfig) -> LoraConfig:
    """LoRA on all linear layers of the last layers: the backward pass ends at the first of them."""
    layers = int(base.config.get_text_config().num_hidden_layers)
    first = layers - math.ceil(config.lora_depth * layers)
    return LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,  # type: ignore[arg-type]  # PEFT accepts any number
        lora_dropout=config.lora_dropout,
        target_modules=_linear_from(base, first),
        task_type="FEATURE_EXTRACTION",
    )


def _linear_from(base: Model, first: int) -> list[str]:
    """Full names of the linear parts of layer `first` and those after it. PEFT's own `layers_to_transform` finds no
    layers in a model without an output layer."""
    kinds = (torch.nn.Linear, Conv1D)
    numbered = {
        name: re.search(r"\.(\d+)\.", name) for name, part in base.named_modules() if isinstance(part, kinds)
    }
    return sorted(name for name, number in numbered.items() if number and int(number[1]) >= first)


def adapter_weights(model: Model) -> dict[str, torch.Tensor]:
    """A copy of the adapter's weights, under the names PEFT stores them."""
    state = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}


def _width(base: Model) -> int:
    return int(base.config.get_text_config().hidden_size)
