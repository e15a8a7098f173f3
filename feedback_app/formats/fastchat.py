"""FastChat's conversation logs: one event per line, of which only votes are imported. Read only.

https://github.com/lm-sys/FastChat (fastchat/serve/gradio_web_server.py and gradio_block_arena_*.py write them)
"""

from typing import Any

from feedback_app.domain.comparison import Comparison, Message, Role
from feedback_app.domain.preference import Rating
from feedback_app.formats import comparisons, fields, lmarena, unused
from feedback_app.formats.comparisons import FIRST, SECOND, TIE, LeftOut
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

# The IP address of the voter is not stored.
USED = frozenset({"type", "models", "states", "state", "ip", "start", "finish", "gen_params"})
STATE = frozenset(
    {"template_name", "system_message", "roles", "messages", "offset", "model_name", "oai_thread_id"}
    | {
        "chat_session_id",
        "has_csam_image",
        "ans_models",
        "router_outputs",
        "regen_support",
        "skip_next",
        "is_vision",
    }
)
VOTES = {
    "leftvote": (FIRST, False),
    "rightvote": (SECOND, False),
    "tievote": (TIE, False),
    "bothbad_vote": (TIE, True),
}
THUMBS = {"upvote": True, "downvote": False}
NO_VOTE = LeftOut("event without a vote")
SPEAKERS: tuple[Role, Role] = ("user", "assistant")


def load(record: Record) -> Comparison | Rating | LeftOut:
    """A vote between two replies gives a comparison, a thumb gives a rating. Raises BadRecord."""
    event = fields.as_text(fields.required(record, "type"), "type")
    if event in VOTES:
        groups, all_bad = VOTES[event]
        states = [
            _state(one, "states[]") for one in fields.as_list(fields.required(record, "states"), "states")
        ]
        if len(states) != 2:
            raise BadRecord("`states` must be two")
        sides = [_turns(state) for state in states]
        if (system := _system(states[0])) is not None and system == _system(states[1]):
            sides = [[system, *turns] for turns in sides]
        return lmarena.vote("fastchat", sides, _models(record, states), groups, all_bad=all_bad)
    if event in THUMBS:
        state = _state(fields.required(record, "state"), "state")
        system, turns = _system(state), _turns(state)
        prompt = fields.prompt([*([system] if system else []), *turns[:-1]])
        return Rating(prompt, fields.reply(turns[-1:], "messages[-1]"), THUMBS[event], "import:fastchat")
    return NO_VOTE


def _state(value: Any, name: str) -> Record:
    state = fields.as_object(value, name)
    unused.refuse_unread(state, STATE, f" in `{name}`")
    return state


def _turns(state: Record) -> list[Message]:
    """The messages after `offset`; before it are the examples of the model's template. User and assistant alternate."""
    listed = fields.as_list(fields.required(state, "messages"), "messages")
    offset = state.get("offset") or 0
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0:
        raise BadRecord("`offset` must be a whole number")
    return [Message(SPEAKERS[i % 2], _turn_text(turn)) for i, turn in enumerate(listed[offset:])]


def _turn_text(turn: Any) -> str:
    """The text of a turn, which is a pair of speaker and text."""
    parts = fields.as_list(turn, "messages[]")
    if len(parts) != 2:
        raise BadRecord("`messages[]` must be a speaker and a text")
    if not isinstance(parts[1], list):
        return fields.as_text(parts[1], "messages[]")
    text, *files = parts[1] or [None]
    if not all(map(unused.empty, files)):
        raise BadRecord("a turn of `messages` has images, which cannot be imported")
    return fields.as_text(text, "messages[]")


def _system(state: Record) -> Message | None:
    """The system text, if the model's template has one."""
    text = fields.as_text(state.get("system_message") or "", "system_message")
    return Message("system", text) if text.strip() else None


def _models(record: Record, states: list[Record]) -> list[str]:
    """The names of the models. In a blind vote only the states have them."""
    shown = fields.as_list(record.get("models") or ["", ""], "models")
    names = []
    for i, state in enumerate(states):
        own = shown[i] if i < len(shown) else None
        names.append(comparisons.model({"model_name": state.get("model_name") or own}, "model_name"))
    return names
