"""A conversation as Markdown or plain text, to download. Pure."""

import re
import unicodedata
from collections.abc import Callable

from feedback_app.domain.conversation import Conversation, Ending, Turn

Speaker = Callable[[str], str]
"""The name of a persona."""
OWNER = "You"
LONGEST_NAME = 60
ENDED: dict[Ending, str] = {"": "", "stopped": "(stopped)", "length": "(cut off at the longest reply)"}


def as_markdown(conversation: Conversation, speaker: Speaker) -> str:
    """The title as a heading, then each message below who said it, in bold."""
    title = " ".join(conversation.title.split()) or "Conversation"
    about = f"_{conversation.model}, {conversation.created_at:%Y-%m-%d %H:%M} UTC_"
    messages = (
        f"**{_who(conversation, turn, speaker)}:**\n\n{_content(turn)}" for turn in conversation.turns
    )
    return "\n\n".join([f"# {title}", about, *messages]) + "\n"


def as_text(conversation: Conversation, speaker: Speaker) -> str:
    """The conversation as plain text: each message begins with who said it."""
    return (
        "\n\n".join(f"{_who(conversation, turn, speaker)}: {_content(turn)}" for turn in conversation.turns)
        + "\n"
    )


def file_name(conversation: Conversation, suffix: str) -> str:
    """A name that every system takes, from the title."""
    ascii_only = unicodedata.normalize("NFKD", conversation.title).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", ascii_only).strip("-").lower()[:LONGEST_NAME].strip("-")
    return f"codelynn-{plain or 'chat'}-{conversation.id[:8]}.{suffix}"


def _who(conversation: Conversation, turn: Turn, speaker: Speaker) -> str:
    return OWNER if turn.role == "user" else speaker(conversation.persona_of(turn))


def _content(turn: Turn) -> str:
    ended = ENDED[turn.ending] if turn.original is None else ""
    return f"{turn.content.strip()} {ended}".strip()
