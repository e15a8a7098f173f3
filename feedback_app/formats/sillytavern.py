"""SillyTavern's chats: a header, then one message per line, with the alternative replies ("swipes"). Read only.

https://github.com/SillyTavern/SillyTavern (public/script.js writes them)
If the chat continued from one of several swipes, that one was preferred to the others. A single reply that the chat kept is a
demonstration. A last reply with several swipes is left out, because none may have been chosen yet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feedback_app.domain.comparison import Comparison, Message, Role
from feedback_app.domain.preference import Demonstration
from feedback_app.domain.text_rules import name_fault
from feedback_app.formats import comparisons, fields, unused
from feedback_app.formats.comparisons import LeftOut, ModelReply
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

HEADER = frozenset({"user_name", "character_name", "create_date", "chat_metadata"})
_MESSAGE = """
name is_user is_system is_name mes swipes swipe_id swipe_info send_date gen_started gen_finished gen_id extra
force_avatar original_avatar title variables
"""
USED = HEADER | frozenset(_MESSAGE.split())
# Contents of `extra` that cannot be imported.
ATTACHMENTS = (
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
class ChatLine:
    """A message, or None for the header with which a chat begins. `swipes` are the replies that were not kept."""

    message: Message | None
    swipes: tuple[str, ...] = ()
    model: str = "imported"


def load(record: Record) -> ChatLine | list[ChatLine]:
    """Read one line. Messages that SillyTavern hides from the model give no line. Raises BadRecord."""
    if "mes" not in record:
        if not HEADER & record.keys():
            raise BadRecord("`mes` is missing")
        return ChatLine(None)
    if record.get("is_system") is not None and fields.as_bool(record["is_system"], "is_system"):
        return []
    extra = fields.as_object(record.get("extra") or {}, "extra")
    for name in ATTACHMENTS:
        if not unused.empty(extra.get(name)):
            raise BadRecord(
                f"has `{name}` in `extra`, which cannot be imported. To import the text alone, ignore `{name}`"
            )
    text = fields.encodable(fields.as_text(fields.required(record, "mes"), "mes"), "mes")
    role: Role = "user" if fields.as_bool(fields.required(record, "is_user"), "is_user") else "assistant"
    return ChatLine(Message(role, text), _others(record, text), _model(extra))


def _others(record: Record, kept: str) -> tuple[str, ...]:
    listed = fields.as_list(record.get("swipes") or [], "swipes")
    texts = [
        fields.encodable(fields.as_text(text, "swipes[]"), "swipes[]") for text in listed if text is not None
    ]
    return tuple(dict.fromkeys(text for text in texts if text != kept and text.strip()))


def _model(extra: Record) -> str:
    name = extra.get("model")
    return name if isinstance(name, str) and name and name_fault(name) is None else "imported"


def from_chat(lines: Iterable[ChatLine]) -> Iterator[Comparison | Demonstration | LeftOut]:
    """The comparisons and demonstrations in a chat, and what is left out."""
    before: list[Message] = []
    held: ChatLine | None = None
    for line in lines:
        if held is not None and held.message is not None:
            yield _from_reply(before, held, held.message, continued=line.message is not None)
            before.append(held.message)
        held = None
        if line.message is None:
            before = []
        elif line.message.role == "user":
            before.append(line.message)
        else:
            held = line
    if held is not None and held.message is not None:
        yield _from_reply(before, held, held.message, continued=False)


def _from_reply(
    before: list[Message], line: ChatLine, kept: Message, continued: bool
) -> Comparison | Demonstration | LeftOut:
    if not before or before[-1].role != "user" or not before[-1].content.strip():
        return UNASKED
    if not kept.content.strip():
        return EMPTY
    if line.swipes and not continued:
        return UNDECIDED
    try:
        return _kept(before, line, kept.content)
    except BadRecord as error:  # for example because the chat is too long
        return LeftOut(f"reply that cannot be stored: {error}")


def _kept(before: list[Message], line: ChatLine, text: str) -> Comparison | Demonstration:
    """Raises BadRecord."""
    if not line.swipes:
        return Demonstration(fields.prompt(before), fields.filled(text, "mes"), "import:sillytavern")
    replies = [ModelReply(text, line.model), *map(ModelReply, line.swipes)]
    rest = tuple(f"c{i}" for i in range(2, len(replies) + 1))
    return comparisons.build("sillytavern", before, replies, (("c1",), rest))
