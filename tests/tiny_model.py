"""A real but very small chat model: two Llama layers and its own tokenizer, trained for a moment on a few turns."""

import json
from pathlib import Path

from tests.paths import PROJECT

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TURNS = (
    ("Hello, how are you?", "I am fine, thank you for asking. How are you today?"),
    ("What is the capital of France?", "The capital of France is Paris."),
    ("Write a short greeting.", "Good morning! I hope you have a lovely day."),
    ("Tell me a joke.", "Why did the cat sit on the computer? To keep an eye on the mouse."),
    ("What should I cook tonight?", "Soup is warm and easy. Add onions, carrots and a little salt."),
    ("I am sad.", "I am sorry to hear that. Would you like to talk about it?"),
    ("Wie geht es dir?", "Mir geht es gut, danke. Und dir?"),
    ("What is two plus two?", "Two plus two is four."),
)
SYSTEM = "You are a friendly assistant."
PERSONAS = PROJECT / "datasets" / "personas"


def build_tiny_model(folder: Path) -> Path:
    """Write config, tokenizer, chat template and safetensors into `folder` and return it. About 3 s; the same every time."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(
        1
    )  # so small a model only waits for its threads: 4 s instead of 50 on a busy machine
    tokenizer = _tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=1024,
                tie_word_embeddings=True,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
        _teach(model, tokenizer)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer():  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(
        [text for turn in TURNS for text in turn] + [SYSTEM, "system user assistant"], trainer
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        unk_token="<|endoftext|>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=1024,
        chat_template=TEMPLATE,
    )


def _teach(model, tokenizer, steps: int = 120) -> None:  # type: ignore[no-untyped-def]
    """Enough steps for sentences instead of noise, with and without the system turn."""
    import torch

    chats = [
        [*system, {"role": "user", "content": user}, {"role": "assistant", "content": reply}]
        for user, reply in TURNS
        for system in ([], [{"role": "system", "content": SYSTEM}])
    ]
    texts = [tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats]
    batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    model.train()
    for _ in range(steps):
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def known_personas(folder: Path) -> Path:
    """The real personas with the system prompt that the tiny model knows: after another it often says nothing."""
    folder.mkdir(parents=True)
    for file in PERSONAS.glob("*.json"):
        persona = json.loads(file.read_text(encoding="utf-8"))
        known = json.dumps(persona | {"system_prompt": SYSTEM})
        (folder / file.name).write_text(known, encoding="utf-8")
    return folder
