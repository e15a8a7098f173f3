"""Compares our PPO with TRL's last, on the same base, prompts, reward and budget, one after the other:

    python -m benchmarks.ppo --base FOLDER --reward FOLDER --peer-python PATH

FOLDER of the reward is made by `python -m benchmarks.peers.common_reward`, and PATH is the python of an environment with
`benchmarks/peers/requirements-trl-ppo.txt`. Each contestant trains in a process of its own, which measures its own peak memory,
and both adapters are then measured by the same code on prompts that nobody trained on. Processor time is compared, so that
other work on the machine counts little. Prints Markdown.

This module imports nothing large: a process begins with the peak memory of the one that started it.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peers.job import Job, Result, peak_gb, read_result, write_json

if TYPE_CHECKING:
    from benchmarks.peers.measured import Measured

ROOT = Path(__file__).resolve().parents[1]
OURS = "ours"
PEERS = {"TRL, value model trained whole": "full", "TRL, value model with LoRA": "lora"}
HEADER = (
    "| | replies/s of processor time | ours is | replies/s on the clock | peak memory, GB | ours is "
    "| trained weights | held-out reward | KL, nats | reward at equal KL | its KL, scale | tokens | ended |\n"
    "|" + " --- |" * 13
)


def run_ours(job: Job) -> Result:
    """Train by `alignment/methods/ppo/training.py` for the job and write the adapter below `job.out`. Runs in a separate process."""
    import torch

    from alignment.models.adapter import save_adapter, weights

    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    began = time.perf_counter()
    ppo = our_ppo(job)
    loaded, processor = time.perf_counter(), time.process_time()
    told = [ppo.update() for _ in range(ppo.config.updates)]
    seconds, cpu_seconds = time.perf_counter() - loaded, time.process_time() - processor
    adapter = Path(job.out) / "adapter"
    save_adapter(adapter, weights(ppo.actor.model), ppo.actor.model.peft_config["default"], "base")
    return Result(
        replies=ppo.config.updates * ppo.config.rollout_size,
        load_seconds=loaded - began,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_gb=peak_gb(),
        adapter=str(adapter),
        trainable=sum(weight.numel() for weight in ppo.parameters),
        updates=[{"reward": each["objective/scores"], "kl": each["objective/kl"]} for each in told],
    )


def our_ppo(job: Job) -> Any:
    """The trainer with the job's settings, and our defaults where TRL has none. Token ids pass through its decoder and its
    reward function as JSON, so that the reward gets exactly what TRL's reward gets."""
    from alignment.contract.configs.ppo import PpoConfig
    from alignment.methods.ppo.experience import Prompt, Source
    from alignment.methods.ppo.model import ActorCritic
    from alignment.methods.ppo.training import Ppo
    from alignment.models.loading import load_tokenizer
    from benchmarks.peers.common_reward import CommonReward

    config = PpoConfig(
        learning_rate=job.learning_rate,
        scheduler="linear",
        warmup=0.0,
        lora_r=job.lora_r,
        lora_alpha=job.lora_alpha,
        episodes=job.episodes,
        rollout_size=job.batch,
        minibatches=job.minibatches,
        passes=job.epochs,
        micro_batch_size=job.micro_batch,
        max_new_tokens=job.reply_tokens,
        max_length=max(map(len, job.prompts)) + job.reply_tokens + 1,
        kl_coef=job.kl_coefficient,
        missing_end_penalty=job.missing_end_penalty,
    )
    actor = ActorCritic(Path(job.base), load_tokenizer(Path(job.base)), config)
    reward = CommonReward.load(Path(job.base), Path(job.reward), actor.model)
    prompts = [Prompt(({"role": "user", "content": json.dumps(ids)},), tuple(ids)) for ids in job.prompts]

    def score(items: Sequence[tuple[Any, str]]) -> list[float]:
        return reward.score([json.loads(asked[0]["content"]) + json.loads(reply) for asked, reply in items])

    source = Source(prompts, score, lambda ids: json.dumps(list(ids)), [job.end_id], job.seed)
    return Ppo(actor, config, source)


def prepare(given: argparse.Namespace, out: str) -> Job:
    """The job, with the default LoRA settings of a round."""
    from alignment.contract.configs.policy import PolicyConfig
    from alignment.models.adapter import lora_config
    from alignment.models.loading import load_base, load_tokenizer
    from benchmarks.peers.prompts import padding_id, training_prompts

    tokenizer = load_tokenizer(given.base)
    prompts = training_prompts(tokenizer, given.seed)
    lora = lora_config(PolicyConfig(), load_base(given.base))
    layers = lora.layers_to_transform
    return Job(
        base=str(given.base.resolve()),
        reward=str(given.reward.resolve()),
        out=out,
        prompts=prompts,
        end_id=tokenizer.eos_token_id,
        pad_id=padding_id(tokenizer, prompts),
        lora_targets=sorted(lora.target_modules or []),
        lora_layers=list(layers) if isinstance(layers, list) else None,
        lora_r=lora.r,
        lora_alpha=float(lora.lora_alpha),
        episodes=given.episodes,
        batch=given.batch,
        epochs=given.epochs,
        minibatches=given.minibatches,
        micro_batch=given.micro_batch,
        reply_tokens=given.reply_tokens,
        learning_rate=given.learning_rate,
        kl_coefficient=given.kl,
        missing_end_penalty=given.missing_end_penalty,
        seed=given.seed,
        threads=given.threads,
    )


def run_peer(python: Path, job: Job) -> Result:
    """Run TRL's PPO with the Python of its environment. Raises CalledProcessError."""
    out = Path(job.out)
    out.mkdir(parents=True, exist_ok=True)
    task, result = out / "job.json", out / "result.json"
    write_json(task, job)
    command = [str(python), "-m", "benchmarks.peers.trl_ppo", str(task), str(result)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    return read_result(result)


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's result, from a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def train(given: argparse.Namespace, job: Job) -> dict[str, Result]:
    """The results of all contestants, our own first."""
    results = {}
    if OURS not in given.without:
        results[OURS] = alone(run_ours, replace(job, out=f"{job.out}/ours"))
    for name, value in PEERS.items():
        if value in given.peer_value:
            results[name] = run_peer(given.peer_python, replace(job, out=f"{job.out}/{value}", value=value))
    return results


def measure(
    job: Job, adapters: Sequence[str], prompts: int, replies: int
) -> "tuple[Measured, list[tuple[Measured, Measured]]]":
    """The base, and each adapter as trained and scaled to the smallest KL of all."""
    import torch

    from benchmarks.peers.measured import Judge, at_kl

    torch.set_num_threads(job.threads)
    judges = [Judge(job, Path(adapter), prompts, replies, job.seed) for adapter in adapters]
    whole = [judge.at(1.0) for judge in judges]
    least = min(found.kl for found in whole)
    level = [at_kl(judge.at, found, least) for judge, found in zip(judges, whole, strict=True)]
    return judges[0].at(0.0), list(zip(whole, level, strict=True))


def row(name: str, result: Result, ours: Result | None, whole: "Measured", level: "Measured") -> str:
    """A line of the table. The ratios give how much faster ours is, and its share of the memory."""
    faster = "" if ours in (None, result) else f"× {speed(ours) / speed(result):.2f}"
    smaller = "" if ours in (None, result) else f"× {ours.peak_gb / result.peak_gb:.2f}"
    cells = (
        name,
        f"{speed(result):.3f}",
        faster,
        f"{result.replies / result.seconds:.3f}",
        f"{result.peak_gb:.2f}",
        smaller,
        f"{result.trainable:,}",
        f"{whole.reward:.2f} ± {whole.error:.2f}",
        f"{whole.kl:.2f}",
        f"{level.reward:.2f} ± {level.error:.2f}",
        f"{level.kl:.2f}, × {level.scale:.2f}",
        f"{whole.length:.1f}",
        f"{whole.ended:.0%}",
    )
    return f"| {' | '.join(cells)} |"


def base_row(base: "Measured") -> str:
    reward = f"{base.reward:.2f} ± {base.error:.2f}"
    cells = ("the base", *[""] * 6, reward, "0.00", "", "", f"{base.length:.1f}", f"{base.ended:.0%}")
    return f"| {' | '.join(cells)} |"


def speed(result: Result) -> float:
    """Replies generated, scored and trained on per second of processor time, without loading the models."""
    return result.replies / result.cpu_seconds


def show_course(results: dict[str, Result]) -> None:
    """Reward and KL during training, update by update, and where the processor time went."""
    print("\n| | reward of each update's replies | KL, nats | processor seconds |\n| --- | --- | --- | --- |")
    for name, result in results.items():
        rewards = ", ".join(f"{update['reward']:.2f}" for update in result.updates)
        kls = ", ".join(f"{update['kl']:.2f}" for update in result.updates)
        phases = ", ".join(f"{phase} {seconds:.0f}" for phase, seconds in result.phases.items())
        print(f"| {name} | {rewards} | {kls} | {phases} |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model in safetensors")
    parser.add_argument("--reward", type=Path, required=True, help="folder of the common reward")
    parser.add_argument("--peer-python", type=Path, required=True, help="python of TRL's environment")
    parser.add_argument("--peer-value", nargs="+", choices=list(PEERS.values()), default=["full"])
    parser.add_argument("--without", nargs="*", choices=[OURS], default=[], help="contestants to leave out")
    parser.add_argument("--episodes", type=int, default=128, help="replies to learn from")
    parser.add_argument("--batch", type=int, default=16, help="replies per update")
    parser.add_argument("--epochs", type=int, default=4, help="passes over the replies of an update")
    parser.add_argument("--minibatches", type=int, default=1, help="optimiser steps per pass")
    parser.add_argument("--micro-batch", type=int, default=8, help="replies per forward pass of learning")
    parser.add_argument("--reply-tokens", type=int, default=48)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--kl", type=float, default=0.05, help="coefficient of the KL penalty")
    parser.add_argument("--missing-end-penalty", type=float, default=0.0)
    parser.add_argument("--held-out", type=int, default=50, help="prompts to measure on")
    parser.add_argument("--replies", type=int, default=2, help="replies per held-out prompt")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory() as folder:
        job = alone(prepare, given, folder)
        results = train(given, job)
        adapters = [result.adapter for result in results.values()]
        base, measured = alone(measure, job, adapters, given.held_out, given.replies)
    print(HEADER)
    print(base_row(base))
    for (name, result), (whole, level) in zip(results.items(), measured, strict=True):
        print(row(name, result, results.get(OURS), whole, level))
    show_course(results)


if __name__ == "__main__":
    main()
