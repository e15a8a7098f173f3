"""A conversation as text to take along. Pure."""

import re
import unicodedata

from feedback_app.domain.conversation import Conversation, Turn

OWNER = "You"
LONGEST_NAME = 60


def as_markdown(conversation: Conversation, speaker: str) -> str:
    """The conversation with a heading for its title, and each speaker in bold."""
    title = conversation.title or "Conversation"
    said = (f"**{_who(turn, speaker)}:**\n\n{turn.content.strip()}\n" for turn in conversation.turns)
    return (
        f"# {title}\n\n_{conversation.model}, {conversation.created_at:%Y-%m-%d %H:%M} UTC_\n\n"
        + "\n".join(said)
    )


def as_text(conversation: Conversation, speaker: str) -> str:
    """The conversation as plain text: each message begins with who said it."""
    said = (f"{_who(turn, speaker)}: {turn.content.strip()}\n" for turn in conversation.turns)
    return "\n".join(said)


def file_name(conversation: Conversation, ending: str) -> str:
    """A name that every system takes, from the title."""
    ascii_only = unicodedata.normalize("NFKD", conversation.title).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", ascii_only).strip("-").lower()[:LONGEST_NAME].strip("-")
    return f"codelynn-{plain or 'chat'}-{conversation.id[:8]}.{ending}"


def _who(turn: Turn, speaker: str) -> str:
    return OWNER if turn.role == "user" else speaker
