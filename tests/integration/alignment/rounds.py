"""Rounds on the tiny model: a snapshot, a spec, and the real trainer as a process."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from alignment.context import RoundContext
from alignment.contract.events import EventLog, Plan
from alignment.contract.files import file_hash
from alignment.contract.methods import round_config
from alignment.contract.snapshot import read_snapshot
from alignment.contract.snapshot.schema import DEMONSTRATIONS_SCHEMA, PAIRS_SCHEMA, RATINGS_SCHEMA
from alignment.contract.spec import RoundSpec, read_spec, write_spec
from alignment.contract.thresholds import Thresholds
from alignment.models.loading import load_tokenizer
from alignment.stop_signal import StopSignal
from reward_model.rankings import SCHEMA as RANKED_SCHEMA
from tests.paths import PROJECT
from tests.tiny_model import SYSTEM, TURNS

QUICK = {
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 1e-3,
    "max_scale": 1.5,  # the tiny model leaves the owner's taste again where it is carried further
    "gate_prompts": 4,
    "gate_max_new_tokens": 16,
    "lora_r": 4,
}
QUICK_RLOO = {name: QUICK[name] for name in QUICK if name not in ("epochs", "batch_size")} | {
    "steps": 4,
    "prompts_per_step": 2,
    "replies_per_prompt": 2,
    "max_new_tokens": 12,
    "max_scale": 1.0,
}
QUICK_PPO = {name: QUICK[name] for name in ("gate_prompts", "gate_max_new_tokens", "lora_r")} | {
    "learning_rate": 2e-4,  # the tiny model is soon at a loss for words
    "episodes": 32,
    "rollout_size": 8,
    "minibatches": 2,
    "max_new_tokens": 12,
}
# The trainer without its niceness: nothing has to come before it here, and a test waits for it.
TRAINER = (
    sys.executable,
    "-c",
    "import sys; from alignment import round; round.NICENESS = 0; sys.exit(round.main(sys.argv[1:]))",
)
USUAL = {"rloo": QUICK_RLOO, "ppo": QUICK_PPO}
# A tiny model forgets quickly; these tests are about the round, not about its judgement.
LENIENT = Thresholds(
    min_accuracy=0,
    max_kl=1e6,
    min_length_ratio=0,
    max_length_ratio=1e6,
    max_perplexity_ratio=1e6,
    max_nll_rise=1e6,
)


def write_snapshot(
    folder: Path, train: int = 12, heldout: int = 4, curt: bool = False, rated: int = 0, shown: int = 0
) -> Path:
    """A snapshot whose owner prefers friendly replies to curt ones, or the other way round; beside the pairs so many
    training prompts whose friendly reply was rated good and whose curt one bad, and so many with a demonstration."""
    snapshot = folder / "0123abcd"
    snapshot.mkdir(parents=True)
    asked = [
        ([{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"{user} ({number})"}], reply)
        for number, (user, reply) in enumerate((TURNS * 100)[: train + heldout + rated + shown])
    ]
    compared = [
        {"prompt": prompt, "split": "train" if number < train else "heldout", "comparison_id": f"c{number}"}
        | {"chosen_cut": False, "rejected_cut": False}
        | ({"chosen": "No.", "rejected": reply} if curt else {"chosen": reply, "rejected": "No."})
        for number, (prompt, reply) in enumerate(asked[: train + heldout])
    ]
    ranked = [
        {name: row[name] for name in ("prompt", "split", "comparison_id")}
        | {"replies": [row["chosen"], row["rejected"]], "places": [0, 1], "annotator": "owner"}
        for row in compared
    ]
    ratings = [
        {"prompt": prompt, "split": "train", "reply": text, "good": text == reply}
        for prompt, reply in asked[train + heldout :][:rated]
        for text in (reply, "No.")
    ]
    demonstrations = [
        {"prompt": prompt, "split": "train", "reply": reply} for prompt, reply in asked[len(asked) - shown :]
    ]
    files = {
        "pairs.parquet": (compared, PAIRS_SCHEMA),
        "rankings.parquet": (ranked, RANKED_SCHEMA),
        "ratings.parquet": (ratings, RATINGS_SCHEMA),
        "demonstrations.parquet": (demonstrations, DEMONSTRATIONS_SCHEMA),
    }
    for name, (rows, schema) in files.items():
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), snapshot / name)
    hashes = {name: file_hash(snapshot / name) for name in files}
    facts = {"hash": snapshot.name, "format": 4, "files": hashes}
    (snapshot / "manifest.json").write_text(json.dumps(facts))
    return snapshot


def write_packs(folder: Path) -> tuple[Path, Path]:
    """A perplexity pack and held-out prompts, both small."""
    pack, prompts = folder / "perplexity.jsonl", folder / "heldout_prompts.jsonl"
    pack.write_text("".join(json.dumps({"domain": "talk", "text": reply}) + "\n" for _, reply in TURNS))
    prompts.write_text("".join(json.dumps({"id": user, "prompt": user}) + "\n" for user, _ in TURNS))
    return pack, prompts


def prepare_round(
    home: Path, base_dir: Path, name: str = "r1", config: dict[str, Any] | None = None, **fields: Any
) -> Path:
    """A round's folder with its spec, ready to run. `home` may hold several rounds on one snapshot."""
    snapshot = home / "snapshots"
    packs = write_packs(home)
    fields.setdefault(
        "snapshot_dir", snapshot / "0123abcd" if snapshot.exists() else write_snapshot(snapshot)
    )
    fields = {"thresholds": LENIENT, "base_name": "tiny"} | fields
    usual = USUAL.get(fields.get("method", "dpo"), QUICK)
    folder = home / "rounds" / name
    folder.mkdir(parents=True)
    spec = RoundSpec(
        round_id=name,
        base_dir=base_dir,
        checkpoint_name=name,
        checkpoint_dir=home / "checkpoints" / name,
        perplexity_pack=packs[0],
        heldout_prompts=packs[1],
        system_prompt=SYSTEM,
        threads=1,
        config=round_config(fields.get("method", "dpo"), usual | (config or {})),
        **fields,
    )
    write_spec(folder, spec)
    return folder


def work_in(folder: Path, **changed: Any) -> RoundContext:
    """The work of a round that was prepared, with some of its spec changed."""
    spec = replace(read_spec(folder), **changed)
    return RoundContext(
        folder=folder,
        spec=spec,
        snapshot=read_snapshot(spec.snapshot_dir),
        tokenizer=load_tokenizer(spec.base_dir),
        events=EventLog(folder, Plan({"train": 1.0})),
        stop=StopSignal(),
        threads=1,
    )


def prepare_taught_round(
    home: Path, base_dir: Path, name: str, method: str, snapshot: Path, **fields: Any
) -> Path:
    """A round that trains a reward model and then learns from it."""
    return prepare_round(
        home,
        base_dir,
        name,
        {"reward": True},
        method=method,
        snapshot_dir=snapshot,
        convert=False,
        reward_dir=home / "rewards" / name,
        **fields,
    )


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The trainer as a process of its own; what it prints goes to trainer.log."""
    with (folder / "trainer.log").open("ab") as log:
        return subprocess.Popen(
            [*TRAINER, str(folder)],
            cwd=PROJECT,
            stdout=log,
            stderr=log,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        )


def run(folder: Path, seconds: float = 1500) -> int:
    """Run to the end; the exit code."""
    with start(folder) as process:
        return process.wait(timeout=seconds)


def events(folder: Path) -> list[dict[str, Any]]:
    """All whole lines of events.jsonl so far."""
    path = folder / "events.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return content
