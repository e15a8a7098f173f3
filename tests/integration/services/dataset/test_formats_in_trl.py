"""Hugging Face's `datasets` and TRL read our exports as what they are meant to be."""

from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from trl import is_conversational, unpair_preference_dataset

from feedback_app.domain.comparison import Message
from feedback_app.domain.documents import pair_document
from feedback_app.domain.preference import Demonstration, PreferencePair
from feedback_app.formats import jsonl, kto, parquet, sft, trl

pytestmark = pytest.mark.integration
PROMPT = (Message("system", "Be kind."), Message("user", "Grüß Gott\u2028\n\nHuman: hi"))
PAIRS = [PreferencePair(PROMPT, "Servus! \U0001f600", "ok"), PreferencePair(PROMPT, 'a "b"', "\x01")]


def loaded(path: Path, cache: Path, kind: str = "json") -> Any:
    return load_dataset(kind, data_files=str(path), split="train", cache_dir=str(cache))


def test_trl_and_kto_exports_are_trls_own_formats(tmp_path: Path) -> None:
    (tmp_path / "trl.jsonl").write_bytes(b"".join(jsonl.dumped(trl.dump(pair)) for pair in PAIRS))
    ratings = [rating for pair in PAIRS for rating in kto.taken_apart(pair)]
    (tmp_path / "kto.jsonl").write_bytes(b"".join(jsonl.dumped(kto.dump(rating)) for rating in ratings))
    preferences = loaded(tmp_path / "trl.jsonl", tmp_path / "cache")
    unpaired = loaded(tmp_path / "kto.jsonl", tmp_path / "cache")
    assert [trl.load(row).chosen for row in preferences] == [pair.chosen for pair in PAIRS]
    assert is_conversational(preferences[0])
    assert is_conversational(unpaired[0])

    def key(row: Any) -> tuple[bool, str]:
        return row["label"], row["completion"][0]["content"]

    apart = unpair_preference_dataset(preferences)
    assert sorted(map(key, apart)) == sorted(map(key, unpaired))


def test_sft_and_parquet_exports_are_conversations(tmp_path: Path) -> None:
    demonstration = jsonl.dumped(sft.dump(Demonstration(PROMPT, "Servus!")))
    (tmp_path / "sft.jsonl").write_bytes(demonstration)
    (tmp_path / "pairs.parquet").write_bytes(b"".join(parquet.written(map(pair_document, PAIRS))))
    assert is_conversational(loaded(tmp_path / "sft.jsonl", tmp_path / "cache")[0])
    row = loaded(tmp_path / "pairs.parquet", tmp_path / "cache", "parquet")[0]
    assert is_conversational({name: row[name] for name in ("prompt", "chosen", "rejected")})
    assert trl.load(row).prompt == PROMPT
