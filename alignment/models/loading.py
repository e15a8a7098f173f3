"""Loads the base model with or without an adapter, and computes log-probabilities."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.helpers import rescale_adapter_scale
from transformers import AutoModelForCausalLM, AutoTokenizer

from alignment.models.chat_template import Completion, Tokenizer

Model = Any
"""A transformers causal language model or a peft PeftModel around one."""

BATCH_TOKENS = 512  # more was not faster on a CPU, and logits over 49,000 tokens are large


def device() -> str:
    """`cuda` where there is a GPU, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_tokenizer(base_dir: Path) -> Tokenizer:
    """The tokenizer with its chat template; a missing padding token is replaced by the end token."""
    tokenizer = AutoTokenizer.from_pretrained(base_dir, local_files_only=True)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_base(base_dir: Path) -> Model:
    """The base model: float32 on a CPU, bfloat16 on a GPU. Only safetensors are read."""
    dtype = torch.bfloat16 if device() == "cuda" else torch.float32
    model: Model = AutoModelForCausalLM.from_pretrained(
        base_dir, dtype=dtype, use_safetensors=True, local_files_only=True
    )
    return model.to(device()).eval()


def load_adapter(base: Model, adapter_dir: Path) -> Model:
    """The base with an adapter (not merged, frozen) on top."""
    return PeftModel.from_pretrained(base, str(adapter_dir), is_trainable=False).eval()


@contextmanager
def scaled(model: Model, scale: float) -> Iterator[Model]:
    """The model with its LoRA update multiplied by `scale`; 0 is the base itself."""
    if scale == 1.0:
        yield model
    elif scale == 0.0:
        with model.disable_adapter():
            yield model
    else:
        with rescale_adapter_scale(model, scale):
            yield model


@torch.inference_mode()
def log_probs(model: Model, completions: Sequence[Completion], pad_id: int) -> list[float]:
    """Sum over the reply's tokens of log pi(token | everything before), in nats, one number per completion."""
    order = sorted(range(len(completions)), key=lambda index: len(completions[index].ids))
    sums = [0.0] * len(completions)
    for batch in _batches(order, completions):
        values = _batch_log_probs(model, [completions[index] for index in batch], pad_id)
        for index, value in zip(batch, values, strict=True):
            sums[index] = value
    return sums


def _batches(order: Sequence[int], completions: Sequence[Completion]) -> Iterator[list[int]]:
    """Indices of similar length, at most BATCH_TOKENS tokens with padding, at least one."""
    batch: list[int] = []
    for index in order:
        if batch and len(completions[index].ids) * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _batch_log_probs(model: Model, batch: Sequence[Completion], pad_id: int) -> list[float]:
    longest = max(len(item.ids) for item in batch)
    ids = torch.full((len(batch), longest), pad_id)
    reply = torch.zeros((len(batch), longest), dtype=torch.bool)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
        reply[row, item.start : len(item.ids)] = True
    ids, mask, reply = ids.to(model.device), mask.to(model.device), reply.to(model.device)
    # Logits start at the token before the earliest reply. Those of the prompt are large and not needed.
    first = max(min(item.start for item in batch), 1)
    positions = torch.arange(first - 1, longest - 1, device=model.device)
    logits = model(
        input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=positions
    ).logits.float()
    chosen = logits.gather(-1, ids[:, first:, None]).squeeze(-1) - logits.logsumexp(-1)
    return [float(value) for value in (chosen * reply[:, first:]).sum(-1)]
