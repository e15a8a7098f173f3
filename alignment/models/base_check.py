"""Checks the files of a base model before anything is copied or unpacked. Each refusal is one line."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from alignment.models.base_refused import BaseModelUnavailable, refused_where
from alignment.models.base_weights import check_weights
from alignment.models.bounded import templates_within
from alignment.models.chat_template import Tokenizer

WORD = "Papageno"
"""The user's text in a trial conversation. A template that leaves it out is not made for chats."""
ASKED = ({"role": "user", "content": f"Hello, I am {WORD}."},)
TALKED = (*ASKED, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "How are you?"})
SMALL = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
)
"""Optional files that hold one JSON object each."""
LONGEST_RENDERING = 15
"""Seconds that a template may take; it usually needs milliseconds."""


def check_folder(folder: Path, name: str) -> Tokenizer:
    """The tokenizer of the complete chat model in `folder`. Raises BaseModelUnavailable where it is none."""
    if (folder / "adapter_config.json").exists():
        raise BaseModelUnavailable(
            f"{name} holds a LoRA adapter: merge it into its model first, or take it out"
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise BaseModelUnavailable(f"{name} holds no safetensors (pickled weights are not read)")
    for file in (*weights, *_missing_shards(folder, name)):
        if not _whole(file):
            raise BaseModelUnavailable(f"{file.name} of {name} is not whole: download it again")
    tokenizer = check_small_files(folder, name)
    check_weights(folder, name, _config(folder, name))
    return tokenizer


def check_small_files(folder: Path, name: str) -> Tokenizer:
    """The same without a check of the weights."""
    for file in (*(folder / small for small in SMALL), *folder.glob("*.index.json")):
        if file.exists() and not isinstance(_parsed(file), dict):
            raise BaseModelUnavailable(f"{file.name} of {name} is damaged: download it again")
    if not (folder / "config.json").is_file():
        raise BaseModelUnavailable(f"{name} has no config.json, so it is not a transformers model")
    size = _config(folder, name).get_text_config().vocab_size
    tokenizer = _loaded_tokenizer(folder, name)
    check_tokenizer(tokenizer, name, size or 0)
    return tokenizer


def check_tokenizer(tokenizer: Tokenizer, name: str, vocabulary: int) -> None:
    """Raise BaseModelUnavailable unless the tokenizer can write a conversation with token ids below `vocabulary`."""
    if not chat_template(tokenizer):
        raise BaseModelUnavailable(f"{name} has no chat template: choose its instruct or chat version")
    for messages in (ASKED, TALKED):
        with refused_where(
            f"the chat template of {name} cannot write a conversation",
            ": get the model's current files, or choose another model",
        ):
            text = rendered(tokenizer, messages)
            ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
            read = str(tokenizer.decode(ids))
        if WORD not in text:
            raise BaseModelUnavailable(f"the chat template of {name} leaves out what the user says")
        if not ids or None in ids or max(ids) >= vocabulary:
            raise BaseModelUnavailable(f"the tokenizer of {name} belongs to another model: get its own files")
        if WORD.lower() not in read.lower():
            raise BaseModelUnavailable(
                f"the tokenizer of {name} does not give back what it reads: get its own files"
            )


def chat_template(tokenizer: Tokenizer) -> str | None:
    """The template for plain chats; tokenizers may have several, by name."""
    template = tokenizer.chat_template
    if isinstance(template, dict):
        template = template.get("default")
    return template if isinstance(template, str) and template.strip() else None


def rendered(tokenizer: Tokenizer, messages: Sequence[dict[str, str]], to_go_on: bool = True) -> str:
    """The conversation as text, by default up to where the assistant's reply begins."""
    with templates_within(LONGEST_RENDERING):
        text = tokenizer.apply_chat_template(
            list(messages),
            chat_template=chat_template(tokenizer),
            tokenize=False,
            add_generation_prompt=to_go_on,
        )
    return str(text)


def _config(folder: Path, name: str) -> Any:
    """The config of the model. Raises BaseModelUnavailable unless it is a language model."""
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # its checks raise errors of their own
        raise BaseModelUnavailable(
            f"config.json of {name} is of no kind that transformers knows: choose another model"
        ) from error
    if type(config) not in AutoModelForCausalLM._model_mapping:
        raise BaseModelUnavailable(f"{name} ({config.model_type}) does not write text: choose a chat model")
    return config


def _loaded_tokenizer(folder: Path, name: str) -> Tokenizer:
    from transformers import AutoTokenizer

    with refused_where(f"{name} has no usable tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if not tokenizer.is_fast:
        raise BaseModelUnavailable(f"{name} has no tokenizer.json, and none can be made of its files")
    return tokenizer


def _missing_shards(folder: Path, name: str) -> Iterator[Path]:
    """The missing files of an index. Raises BaseModelUnavailable for a broken index."""
    for index in folder.glob("*.safetensors.index.json"):
        content = _parsed(index)
        named = content.get("weight_map") if isinstance(content, dict) else None
        if not isinstance(named, dict) or not all(isinstance(shard, str) for shard in named.values()):
            raise BaseModelUnavailable(f"{index.name} of {name} is damaged: download it again")
        yield from (folder / shard for shard in sorted(set(named.values())) if not (folder / shard).is_file())


def _whole(file: Path) -> bool:
    """Whether a safetensors file is as long as its header says. Only the header is read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="np"):
            return True
    except (OSError, SafetensorError):
        return False


def _parsed(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
