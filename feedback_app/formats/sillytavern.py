"""SillyTavern's chats: a header, then one message a line, with the replies one swiped through. Read only.

https://github.com/SillyTavern/SillyTavern (public/script.js writes them)
Where the chat went on from one of several swipes, that one was preferred to the others. A reply that was the only one, and that the
chat kept, is a demonstration. What was shown last with other swipes beside it was perhaps not what one wanted: it is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feedback_app.domain.comparison import Comparison, Message, Role
from feedback_app.domain.preference import Demonstration
from feedback_app.domain.text_rules import name_fault
from feedback_app.formats import comparisons, fields, unused
from feedback_app.formats.comparisons import LeftOut, Reply
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

HEADER = frozenset({"user_name", "character_name", "create_date", "chat_metadata"})
_MESSAGE = """
name is_user is_system is_name mes swipes swipe_id swipe_info send_date gen_started gen_finished gen_id extra
force_avatar original_avatar title variables
"""
USED = HEADER | frozenset(_MESSAGE.split())
# What `extra` holds beside notes on how the text was made.
BESIDE = (
    "image",
    "image_swipes",
    "video",
    "media",
    "audio",
    "file",
    "files",
    "tool_invocations",
    "reasoning",
)
UNDECIDED = LeftOut("last reply with swipes, of which none was chosen yet")
UNASKED = LeftOut("reply that answers no message of the user")
EMPTY = LeftOut("empty reply")


@dataclass(frozen=True, slots=True)
class Line:
    """A message; None stands for a header, with which a chat begins. `swipes` are the other replies that one could have kept."""

    message: Message | None
    swipes: tuple[str, ...] = ()
    model: str = "imported"


def load(record: Record) -> Line | list[Line]:
    """Raises BadRecord. What SillyTavern hides from the model is no line at all."""
    if "mes" not in record:
        if not HEADER & record.keys():
            raise BadRecord("`mes` is missing")
        return Line(None)
    if record.get("is_system") is not None and fields.as_bool(record["is_system"], "is_system"):
        return []
    extra = fields.as_object(record.get("extra") or {}, "extra")
    for name in BESIDE:
        if not unused.empty(extra.get(name)):
            raise BadRecord(
                f"has `{name}` in `extra`, which cannot be imported. To import the text alone, ignore `{name}`"
            )
    text = fields.encodable(fields.as_text(fields.required(record, "mes"), "mes"), "mes")
    role: Role = "user" if fields.as_bool(fields.required(record, "is_user"), "is_user") else "assistant"
    return Line(Message(role, text), _others(record, text), _model(extra))


def _others(record: Record, kept: str) -> tuple[str, ...]:
    listed = fields.as_list(record.get("swipes") or [], "swipes")
    texts = [
        fields.encodable(fields.as_text(text, "swipes[]"), "swipes[]") for text in listed if text is not None
    ]
    return tuple(dict.fromkeys(text for text in texts if text != kept and text.strip()))


def _model(extra: Record) -> str:
    name = extra.get("model")
    return name if isinstance(name, str) and name and name_fault(name) is None else "imported"


def told(lines: Iterable[Line]) -> Iterator[Comparison | Demonstration | LeftOut]:
    """What the replies of a chat say."""
    before: list[Message] = []
    held: Line | None = None
    for line in lines:
        if held is not None and held.message is not None:
            yield _said(before, held, held.message, went_on=line.message is not None)
            before.append(held.message)
        held = None
        if line.message is None:
            before = []
        elif line.message.role == "user":
            before.append(line.message)
        else:
            held = line
    if held is not None and held.message is not None:
        yield _said(before, held, held.message, went_on=False)


def _said(
    before: list[Message], line: Line, kept: Message, went_on: bool
) -> Comparison | Demonstration | LeftOut:
    if not before or before[-1].role != "user" or not before[-1].content.strip():
        return UNASKED
    if not kept.content.strip():
        return EMPTY
    if line.swipes and not went_on:
        return UNDECIDED
    try:
        return _kept(before, line, kept.content)
    except BadRecord as error:  # a chat that has grown too long, for one
        return LeftOut(f"reply that cannot be stored: {error}")


def _kept(before: list[Message], line: Line, text: str) -> Comparison | Demonstration:
    """Raises BadRecord."""
    if not line.swipes:
        return Demonstration(fields.prompt(before), fields.filled(text, "mes"), "import:sillytavern")
    replies = [Reply(text, line.model), *map(Reply, line.swipes)]
    rest = tuple(f"c{i}" for i in range(2, len(replies) + 1))
    return comparisons.build("sillytavern", before, replies, (("c1",), rest))
