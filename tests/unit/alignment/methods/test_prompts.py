"""Which prompts a method trains on that writes its own replies."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.errors import RoundRefused
from alignment.contract.snapshot import Demonstration, Pair, Rating, Snapshot
from alignment.methods.prompts import key_of, read_pack, training_prompts
from alignment.models.chat_template import with_system
from feedback_app.domain import preference
from feedback_app.domain.comparison import Message

EMPTY = Snapshot("hash", (), ())
PACK = [f"question {number}" for number in range(50)]


def asked(snapshot: Snapshot = EMPTY, packs: list[str] = PACK, **options: object) -> list[str]:
    found = training_prompts(snapshot, packs, "Be kind.", 0, **options)  # type: ignore[arg-type]
    return [prompt[-1]["content"] for prompt in found]


def test_prompts_come_from_every_file_of_the_snapshot_and_from_the_packs() -> None:
    one, two, three = (with_system("Be brief.", text) for text in ("one", "two", "three"))
    snapshot = replace(
        EMPTY,
        train=(Pair(one, "a", "b"),),
        ratings=(Rating(two, "a", True),),
        demonstrations=(Demonstration(three, "a"),),
    )
    found = training_prompts(snapshot, ["four"], "Be kind.", 0)
    assert sorted(prompt[-1]["content"] for prompt in found) == ["four", "one", "three", "two"]
    systems = {prompt[-1]["content"]: prompt[0]["content"] for prompt in found}
    assert (systems["one"], systems["four"]) == ("Be brief.", "Be kind.")


def test_a_prompt_counts_once_however_it_is_spelled() -> None:
    pair = Pair(with_system("Be brief.", "Question  1"), "a", "b")
    assert len(asked(replace(EMPTY, train=(pair, pair)))) == len(PACK)


def test_held_out_prompts_are_never_trained_on_not_even_from_a_pack() -> None:
    snapshot = replace(EMPTY, heldout_prompts=(with_system("Be kind.", "QUESTION 7"),))
    found = asked(snapshot, never=["question 8 "])
    assert set(PACK) - set(found) == {"question 7", "question 8"}


def test_pack_prompts_that_would_be_held_out_if_they_were_ranked_are_left_out() -> None:
    found = asked(replace(EMPTY, heldout_fraction=0.3))
    sides = {text: preference.split_of([Message("user", text)], 0.3) for text in PACK}
    assert sorted(found) == sorted(text for text, side in sides.items() if side == "train")
    assert 0 < len(found) < len(PACK)


def test_the_order_follows_the_seed() -> None:
    orders = [training_prompts(EMPTY, PACK, "", seed) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_trainer_and_service_know_a_prompt_by_the_same_key(texts: list[str]) -> None:
    messages = [Message("system", "x"), *(Message("user", text) for text in texts)]
    assert key_of(tuple({"role": m.role, "content": m.content} for m in messages)) == preference.prompt_key(
        messages
    )


def test_a_pack_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.jsonl"
    file.write_text(json.dumps({"question": "secret"}))
    with pytest.raises(RoundRefused, match=r"broken\.jsonl") as refused:
        read_pack(file)
    assert "secret" not in str(refused.value)
