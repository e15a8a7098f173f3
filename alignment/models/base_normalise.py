"""Normalises the small files of a base model, so that every engine and the training read them in the same way.

Model folders differ in which of them they have. After this there is a `tokenizer.json`, a `chat_template.jinja`, every special token
stands in `tokenizer_config.json`, and every token that ends a reply in `generation_config.json`.
"""

import json
from pathlib import Path
from typing import Any

from alignment.contract.files import write_json
from alignment.models.base_check import TALKED, chat_template, check_small_files, rendered
from alignment.models.base_refused import BaseModelUnavailable
from alignment.models.chat_template import Tokenizer

REPLY = "Tamino"


def settle(folder: Path, name: str) -> None:
    """Write what is missing. Raises BaseModelUnavailable."""
    tokenizer = check_small_files(folder, name)
    if not (folder / "tokenizer.json").is_file():
        tokenizer.save_pretrained(folder)
    if not (folder / "chat_template.jinja").is_file():
        (folder / "chat_template.jinja").write_text(chat_template(tokenizer) or "", encoding="utf-8")
    ends = _settled_ends(folder, tokenizer, name)
    if tokenizer.eos_token is None:
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(ends[0])
    _settle_specials(folder, tokenizer)


def _settle_specials(folder: Path, tokenizer: Tokenizer) -> None:
    path = folder / "tokenizer_config.json"
    settings = _json(path)
    known = {key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
    if missing := {key: value for key, value in known.items() if not settings.get(key)}:
        write_json(path, settings | missing)


def _settled_ends(folder: Path, tokenizer: Tokenizer, name: str) -> list[int]:
    """Every token that ends a reply, at least one."""
    path, config = folder / "generation_config.json", _json(folder / "config.json")
    settings = _json(path)
    named = [tokenizer.eos_token_id, *_ids(config.get("eos_token_id")), *_ids(settings.get("eos_token_id"))]
    ends = sorted({end for end in (*named, _written_end(tokenizer)) if _is_token(end, tokenizer)})
    if not ends:
        raise BaseModelUnavailable(
            f"{name} names no token that ends a reply, and its chat template writes none: choose another model"
        )
    if ends != settings.get("eos_token_id"):
        write_json(path, settings | {"eos_token_id": ends})
    return ends


def _written_end(tokenizer: Tokenizer) -> int | None:
    """The control token that the template writes after a reply. Models often declare another end token, and would then continue with a turn
    of the user."""
    turns = [TALKED[0], {"role": "assistant", "content": REPLY}]
    try:
        text = rendered(tokenizer, turns, to_go_on=False)
    except Exception:  # noqa: BLE001 - a template may want more turns, and may say so with any error
        return None
    behind = text.rpartition(REPLY)[2].lstrip()
    specials = {str(token): index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    found = [token for token in specials if token and behind.startswith(token)]
    return specials[max(found, key=len)] if found else None


def _is_token(value: Any, tokenizer: Tokenizer) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(tokenizer)


def _ids(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _json(path: Path) -> dict[str, Any]:
    """The object in a JSON file that was checked before; empty without the file."""
    return dict(json.loads(path.read_text(encoding="utf-8-sig"))) if path.is_file() else {}
