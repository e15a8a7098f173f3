"""PPO as one of several processes that learn from the same replies: `python -m tests.integration.alignment.distributed.learners BASE MEETING
RANK WORLD FILE` writes what was learned to FILE."""

import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import torch
from safetensors.torch import save_file

from alignment.distributed.group import ProcessGroup, join
from alignment.gate.evaluation import text_completion
from alignment.methods.ppo import experience as ppo_experience
from alignment.methods.ppo.experience import Prompt, Source
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.ppo.rollout import Reply, Sampling, draw_replies
from alignment.methods.ppo.training import Ppo
from alignment.models.chat_template import prompt_ids
from alignment.models.loading import load_tokenizer
from alignment.models.sampling import end_ids
from tests.integration.alignment.methods.test_ppo import fewer_spaces, make_actor
from tests.tiny_model import TURNS

Tensors = dict[str, torch.Tensor]
UPDATES = 2


def alone(
    actor: ActorCritic,
    prompts: Sequence[tuple[int, ...]],
    ends: Sequence[int],
    sampling: Sampling,
    generator: torch.Generator,
) -> list[Reply]:
    """Each reply drawn alone, from a chance that hangs on its prompt: the same whoever draws it, and beside whom."""
    return [
        draw_replies(actor, [prompt], ends, sampling, torch.Generator().manual_seed(sum(prompt)))[0]
        for prompt in prompts
    ]


def learned(tiny: Path, ranks: ProcessGroup) -> Tensors:
    """Weights and metrics after two updates, the second on replies of a policy that has moved."""
    actor, config = make_actor(
        tiny, kl_stop=None, ptx_coef=0.5, ptx_texts=3, lora_depth=0.5, micro_batch_size=3
    )
    tokenizer = load_tokenizer(tiny)
    asked = [({"role": "user", "content": user},) for user, _ in TURNS]
    prompts = [Prompt(messages, tuple(prompt_ids(tokenizer, messages))) for messages in asked]
    source = Source(
        prompts, fewer_spaces, lambda ids: str(tokenizer.decode(ids)), end_ids(tiny, tokenizer), 0
    )
    texts = [text_completion(tokenizer, reply) for _, reply in TURNS]
    ppo = Ppo(actor, config, source, texts, ranks)
    with patch.object(ppo_experience, "draw_replies", alone):
        metrics = [ppo.update() for _ in range(UPDATES)]
    told = {
        f"{number}.{name}": torch.tensor(value)
        for number, each in enumerate(metrics)
        for name, value in each.items()
    }
    return ppo.weights() | told


if __name__ == "__main__":
    base, meeting, rank, world, file = sys.argv[1:]
    torch.set_num_threads(1)
    found = learned(Path(base), join(int(rank), int(world), Path(meeting)))
    save_file({name: value.contiguous() for name, value in found.items()}, file)
