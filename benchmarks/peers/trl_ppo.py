"""TRL 1.12's PPO on one job: `PYTHON -m benchmarks.peers.trl_ppo JOB RESULT` from the repository root.

PYTHON is that of an environment with requirements-trl-ppo.txt. Nothing of codeLynn's own packages is needed there.

How TRL 1.12 wants it (`trl/experimental/ppo/ppo_trainer.py`): with `peft_config` and no reference model the reference is the
policy with its adapter off. The reward and value models are sequence classifiers, of which it calls the body and `score`
itself, at the last token before the padding: so padding must not be the token that ends a turn. The example that comes with it
trains all weights of the value model and begins it as the reward model, and so does `value: full`; `value: lora` gives the
value model the same LoRA as the policy, which is kinder to it. With gradient accumulation TRL makes one optimiser step per
epoch, whatever the number of minibatches: so with several minibatches each is one forward pass, and `micro_batch` is left
aside. Its `bf16` has no effect, so all is float32.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"TRL_EXPERIMENTAL_SILENCE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1"}

import torch
from datasets import Dataset
from peft import LoraConfig, inject_adapter_in_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl.experimental.ppo import PPOConfig, PPOTrainer, ppo_trainer

from benchmarks.peers.common_reward import sequence_classifier
from benchmarks.peers.job import Job, Result, peak_gb, read_job, write_json

REPORTED = {
    "reward": "objective/scores",
    "kl": "objective/kl",
    "entropy": "objective/entropy",
    "clip_fraction": "policy/clipfrac_avg",
    "value_loss": "loss/value_avg",
}


class Updates(TrainerCallback):
    """Keeps what TRL reports after each update."""

    def __init__(self) -> None:
        self.kept: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        self.kept.append({ours: float(logs[theirs]) for ours, theirs in REPORTED.items()})


class Clock:
    """Processor seconds spent in functions, by phase."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}

    def timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            result = function(*args, **kwargs)
            self.phases[phase] = self.phases.get(phase, 0.0) + time.process_time() - began
            return result

        return run


def lora(job: Job, task: str | None) -> LoraConfig:
    return LoraConfig(
        r=job.lora_r,
        lora_alpha=job.lora_alpha,
        target_modules=job.lora_targets,
        layers_to_transform=job.lora_layers,
        task_type=task,
    )


def value_model(job: Job) -> Any:
    model = sequence_classifier(Path(job.base), Path(job.reward))
    if job.value == "lora":
        model = inject_adapter_in_model(lora(job, None), model)
        model.score.requires_grad_(True)
    return model


def settings(job: Job) -> PPOConfig:
    at_once = job.micro_batch if job.minibatches == 1 else job.batch
    return PPOConfig(
        output_dir=str(Path(job.out) / "trl"),
        total_episodes=job.episodes,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=job.batch // at_once,
        local_rollout_forward_batch_size=job.batch,
        num_mini_batches=job.minibatches,
        num_ppo_epochs=job.epochs,
        response_length=job.reply_tokens,
        temperature=1.0,
        stop_token_id=job.end_id,
        missing_eos_penalty=job.missing_end_penalty or None,
        learning_rate=job.learning_rate,
        kl_coef=job.kl_coefficient,
        seed=job.seed,
        bf16=False,
        use_cpu=not torch.cuda.is_available(),
        num_sample_generations=0,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def trainer(job: Job, updates: Updates) -> PPOTrainer:
    tokenizer = AutoTokenizer.from_pretrained(job.base, local_files_only=True, padding_side="left")
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(job.pad_id)
    policy = AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.float32, local_files_only=True)
    policy.generation_config.pad_token_id = job.pad_id
    reward = sequence_classifier(Path(job.base), Path(job.reward)).eval().requires_grad_(False)
    return PPOTrainer(
        args=settings(job),
        processing_class=tokenizer,
        model=policy,
        ref_model=None,
        reward_model=reward,
        value_model=value_model(job),
        train_dataset=Dataset.from_dict({"input_ids": job.prompts}),
        peft_config=lora(job, "CAUSAL_LM"),
        callbacks=[updates],
    )


def run(job: Job) -> Result:
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    updates, clock = Updates(), Clock()
    ppo_trainer.batch_generation = clock.timed("generation", ppo_trainer.batch_generation)
    ppo_trainer.get_reward = clock.timed("rewards and values", ppo_trainer.get_reward)
    began = time.perf_counter()
    training = trainer(job, updates)
    loaded, processor = time.perf_counter(), time.process_time()
    trained = [weight for weight in training.model.parameters() if weight.requires_grad]
    training.train()
    seconds, cpu_seconds = time.perf_counter() - loaded, time.process_time() - processor
    adapter = Path(job.out) / "trl" / "adapter"
    training.model.policy.save_pretrained(str(adapter))
    clock.phases["reference and updates"] = cpu_seconds - sum(clock.phases.values())
    return Result(
        replies=training.state.episode,
        load_seconds=loaded - began,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak_gb=peak_gb(),
        adapter=str(adapter),
        trainable=sum(weight.numel() for weight in trained),
        phases=clock.phases,
        updates=updates.kept,
    )


if __name__ == "__main__":
    write_json(Path(sys.argv[2]), run(read_job(Path(sys.argv[1]))))
