"""Reads the tokenizer and the chat template of a model folder, without torch.

`transformers.AutoTokenizer` gives the same ids (a test compares them) but imports torch: 5 s and 390 MB on two cores.
`tokenizers` and jinja2 need 0.2 s and 65 MB.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

from jinja2 import TemplateError
from jinja2.ext import Extension
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from feedback_app.domain.comparison import InvalidPrompt, Message
from feedback_app.engines.base import EngineUnavailable
from feedback_app.engines.prompt_window import CUT, control_pattern, disarmed

DEFAULT_WINDOW = 2048
SHORTEST_WINDOW = 16
"""The smallest plausible window in tokens. Smaller values mean something else."""
RAISED = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a chat template may raise if it does not accept a conversation."""


class ChatTokenizer:
    """Renders conversations with the model's chat template, and converts ids to text."""

    def __init__(self, folder: Path) -> None:
        """Read `folder`. Raises EngineUnavailable if it has no tokenizer or no chat template."""
        config = _json(folder / "config.json")
        settings = _json(folder / "tokenizer_config.json")
        source = _template_source(folder, settings)
        self._tokenizer = _read_tokenizer(folder)
        self._specials = _special_tokens(settings)
        try:
            self._template = _environment().from_string(source)
        except TemplateError as error:
            raise EngineUnavailable(
                f"the chat template of {folder} has an error: choose another model"
            ) from error
        added = self._tokenizer.get_added_tokens_decoder().values()
        special = {token.content for token in added if token.special} | set(self._specials.values())
        written = {token.content for token in added if token.content in source and token.content.strip()}
        # A model's own <think> in an earlier reply is not forged, and templates look for it.
        self._control = {"assistant": control_pattern(special)}
        self._other_control = control_pattern(special | written)
        self.window = _window(config, settings)
        self.stop_ids = self._stop_ids(config, _json(folder / "generation_config.json"))
        self._takes_system = self._accepts_system()

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The ids of the conversation up to the beginning of the assistant's reply. Raises InvalidPrompt if the template refuses it."""
        try:
            rendered = self._render(messages if self._takes_system else _system_folded(messages))
        except RAISED:
            # Not chained: the error could quote the conversation.
            raise InvalidPrompt(
                "the model's chat template does not accept this order of turns: let user and assistant take turns"
            ) from None
        pieces = (
            self._tokenizer.encode(piece, add_special_tokens=False).ids for piece in rendered.split(CUT)
        )
        return [token_id for piece in pieces for token_id in piece]

    @property
    def size(self) -> int:
        """The size of the vocabulary."""
        return int(self._tokenizer.get_vocab_size())

    def tokens(self, ids: Sequence[int]) -> list[str]:
        """The vocabulary entries of these ids."""
        return [str(self._tokenizer.id_to_token(token_id)) for token_id in ids]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of the ids without control tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def _render(self, messages: Sequence[Message]) -> str:
        turns = [
            {
                "role": message.role,
                "content": disarmed(message.content, self._control.get(message.role, self._other_control)),
            }
            for message in messages
        ]
        return self._template.render(
            messages=turns, tools=None, documents=None, add_generation_prompt=True, **self._specials
        )

    def _accepts_system(self) -> bool:
        try:
            self._render((Message("system", "s"), Message("user", "u")))
        except RAISED:
            return False
        return True

    def _stop_ids(self, *configs: Mapping[str, Any]) -> frozenset[int]:
        named = [self._tokenizer.token_to_id(self._specials.get("eos_token", ""))]
        for config in configs:
            value = config.get("eos_token_id")
            named += value if isinstance(value, list) else [value]
        size = self._tokenizer.get_vocab_size()
        return frozenset(index for index in named if isinstance(index, int) and 0 <= index < size)


class _GenerationBlock(Extension):
    """`{% generation %}` marks text to train on; rendering only needs its body."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it as an instance attribute)

    def parse(self, parser: Parser) -> list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> ImmutableSandboxedEnvironment:
    """The environment that chat templates expect: see `_compile_jinja_template` in transformers. Templates are untrusted code
    and run in a sandbox."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationBlock, "jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _strftime_now
    environment.filters["tojson"] = _tojson
    return environment


def _refuse(reason: str) -> None:
    raise TemplateError(reason)


def _strftime_now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _system_folded(messages: Sequence[Message]) -> Sequence[Message]:
    """Prepend the system turn to the first user's turn, for templates without system turns."""
    if len(messages) < 2 or messages[0].role != "system":
        return messages
    first = Message(messages[1].role, f"{messages[0].content}\n\n{messages[1].content}")
    return (first, *messages[2:])


def _read_tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise EngineUnavailable(f"{path} is missing: prepare the base model again")
    return Tokenizer.from_file(str(path))


def _template_source(folder: Path, settings: Mapping[str, Any]) -> str:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    template = settings.get("chat_template")
    if isinstance(template, list):
        template = {entry["name"]: entry["template"] for entry in template}.get("default")
    if not isinstance(template, str):
        raise EngineUnavailable(f"{folder} has no chat template: choose an instruction-tuned base model")
    return template


def _special_tokens(settings: Mapping[str, Any]) -> dict[str, str]:
    """`bos_token`, `eos_token` and so on. Each is a string or an object with `content`."""
    named = {name: value for name, value in settings.items() if name.endswith("_token") and value}
    contents = {name: value["content"] if isinstance(value, dict) else value for name, value in named.items()}
    return {name: content for name, content in contents.items() if isinstance(content, str)}


def _window(config: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """The tokens that the model can read and write in total. Tokenizers without a limit name an astronomic number."""
    inner = config.get("text_config") or config
    declared = (inner.get("max_position_embeddings"), inner.get("n_positions"))
    window = next(filter(_is_length, declared), DEFAULT_WINDOW)
    own = settings.get("model_max_length")
    return int(min(window, own) if _is_length(own) else window)


def _is_length(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= SHORTEST_WINDOW


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return dict(content)
