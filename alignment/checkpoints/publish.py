"""Publishing a checkpoint: the adapter and its merged conversion, checked for an answer before the folder gets its final name."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from alignment.checkpoints.registry import ADAPTER_FILES
from alignment.contract.files import MANIFEST, fresh_dir
from alignment.contract.manifests.checkpoint import CorruptCheckpoint, read_checkpoint_manifest
from alignment.contract.spec import RoundSpec
from alignment.models.chat_template import Completion, Tokenizer, prompt_ids, with_system
from alignment.models.conversion import convert_model
from alignment.models.loading import Model, load_adapter, load_base, log_probs
from alignment.models.sampling import Draw, draw_converted, draw_loaded, end_ids

QUESTION = "Hello! Please introduce yourself in one sentence."
GREEDY = Draw(max_new_tokens=24, greedy=True)


class DoesNotAnswer(RuntimeError):
    """The trained model replies to a simple question with nothing, or with probabilities that are not numbers."""


class NameTaken(RuntimeError):
    """Another round has published a checkpoint with this name."""


def publish(spec: RoundSpec, adapter_dir: Path, tokenizer: Tokenizer, threads: int) -> None:
    """Make `spec.checkpoint_dir` with adapter/ and, if `spec.convert`, ct2/. The gate writes its manifest.

    The folder is built next to its final place and renamed in one step. Raises DoesNotAnswer, NameTaken, NotConvertible.
    """
    target = spec.checkpoint_dir
    if (target / MANIFEST).exists():
        raise NameTaken(f"{spec.checkpoint_name} is published: a complete checkpoint is never replaced")
    target.parent.mkdir(parents=True, exist_ok=True)
    building = fresh_dir(target.with_name(f".{target.name}.building"))
    (building / "adapter").mkdir()
    for name in ADAPTER_FILES:
        shutil.copyfile(adapter_dir / name, building / "adapter" / name)
    model = load_adapter(load_base(spec.base_dir), building / "adapter").merge_and_unload()
    prompt = prompt_ids(tokenizer, with_system(spec.system_prompt, QUESTION))
    check_finite(model, prompt, tokenizer)
    if spec.convert:
        convert_model(model, tokenizer, spec.base_dir, building / "ct2")
    ends = end_ids(spec.base_dir, tokenizer)
    if spec.convert:
        (reply,) = draw_converted(building / "ct2", [prompt], tokenizer, ends, GREEDY, threads)
    else:
        (reply,) = draw_loaded(model, [prompt], tokenizer, ends, GREEDY)
    check_answer(tokenizer.decode(reply, skip_special_tokens=True))
    if target.exists():  # without a manifest: left by a run that was interrupted
        shutil.rmtree(target)
    building.replace(target)


def refuse_foreign(spec: RoundSpec) -> None:
    """Raise NameTaken if a complete checkpoint of another round has this name. An incomplete one of this round is replaced."""
    if not (spec.checkpoint_dir / MANIFEST).exists():
        return
    try:
        owner = read_checkpoint_manifest(spec.checkpoint_dir).round_id
    except CorruptCheckpoint:
        owner = ""
    if owner != spec.round_id:
        raise NameTaken(f"a checkpoint named {spec.checkpoint_name} exists already")


def check_finite(model: Model, prompt: Sequence[int], tokenizer: Tokenizer) -> None:
    """Raise DoesNotAnswer unless the merged model gives the prompt a finite probability."""
    (value,) = log_probs(model, [Completion(tuple(prompt), 1)], tokenizer.pad_token_id)
    if not value > float("-inf"):
        raise DoesNotAnswer("the trained model's probabilities are not numbers: lower learning_rate")


def check_answer(reply: str) -> None:
    """Raise DoesNotAnswer if the model that will be served (the conversion, if there is one) gave an empty reply."""
    if not reply.strip():
        raise DoesNotAnswer("the trained model answers with nothing: lower learning_rate or epochs")
