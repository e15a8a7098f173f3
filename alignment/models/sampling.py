"""Samples replies from a model, by CTranslate2 where there is a conversion, else by transformers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import torch
from transformers import GenerationConfig

from alignment.models.chat_template import Tokenizer
from alignment.models.loading import Model

BATCH = 16


@dataclass(frozen=True, slots=True)
class Draw:
    """Plain sampling from the model's own distribution (temperature 1, nothing cut off) if nothing else is said, or the
    likeliest token. `top_k` 0 means no limit."""

    max_new_tokens: int
    seed: int = 0
    greedy: bool = False
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0


def as_heard(max_new_tokens: int, seed: int) -> Draw:
    """The default sampling of the chat (docs/decisions/0009-sampling.md)."""
    return Draw(max_new_tokens, seed, temperature=0.9, top_k=50, top_p=0.95, repetition_penalty=1.1)


def end_ids(base_dir: Path, tokenizer: Tokenizer) -> list[int]:
    """Every token id that ends a reply, by the tokenizer and the model's generation settings."""
    ends = {tokenizer.eos_token_id}
    if (base_dir / "generation_config.json").is_file():
        extra = GenerationConfig.from_pretrained(base_dir, local_files_only=True).eos_token_id
        ends |= set(extra if isinstance(extra, list) else [extra])
    return sorted(token for token in ends if token is not None)


def draw_converted(
    ct2_dir: Path,
    prompts: Sequence[list[int]],
    tokenizer: Tokenizer,
    ends: list[int],
    draw: Draw,
    threads: int,
) -> Iterator[list[int]]:
    """Token ids of one reply per prompt, with the end token if it was reached, from a CTranslate2 model."""
    ctranslate2.set_random_seed(draw.seed)
    generator = ctranslate2.Generator(str(ct2_dir), device="cpu", intra_threads=threads)
    for begin in range(0, len(prompts), BATCH):
        batch = [tokenizer.convert_ids_to_tokens(ids) for ids in prompts[begin : begin + BATCH]]
        results = generator.generate_batch(
            batch,
            max_length=draw.max_new_tokens,
            sampling_topk=1 if draw.greedy else draw.top_k,
            sampling_topp=draw.top_p,
            sampling_temperature=draw.temperature,
            repetition_penalty=draw.repetition_penalty,
            include_prompt_in_result=False,
            end_token=ends,
            return_end_token=True,
        )
        yield from (list(result.sequences_ids[0]) for result in results)


@torch.inference_mode()
def draw_loaded(
    model: Model, prompts: Sequence[list[int]], tokenizer: Tokenizer, ends: list[int], draw: Draw
) -> Iterator[list[int]]:
    """The same from a model in memory."""
    torch.manual_seed(draw.seed)
    how = {"temperature": draw.temperature, "top_k": draw.top_k, "top_p": draw.top_p}
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=not draw.greedy,
        max_new_tokens=draw.max_new_tokens,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        repetition_penalty=draw.repetition_penalty,
        **({} if draw.greedy else how),
    )
    for begin in range(0, len(prompts), BATCH):
        batch = prompts[begin : begin + BATCH]
        ids, mask = left_padded(batch, tokenizer.pad_token_id)
        output = model.generate(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), generation_config=settings
        )
        for row in output[:, ids.shape[1] :].tolist():
            yield _up_to_end(row, ends)


def left_padded(batch: Sequence[Sequence[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask [rows, longest], each row ending in the last column."""
    longest = max(len(ids) for ids in batch)
    ids = torch.tensor([[pad_id] * (longest - len(row)) + list(row) for row in batch])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in batch])
    return ids, mask


def _up_to_end(ids: list[int], ends: list[int]) -> list[int]:
    """The ids up to and with the first end token; what follows it is padding."""
    for index, token in enumerate(ids):
        if token in ends:
            return ids[: index + 1]
    return ids
