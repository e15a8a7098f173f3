"""A conversation, to take along."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from feedback_app.domain.conversation import Conversation, Ending
from feedback_app.services.chat import Chat
from feedback_app.services.transcript import as_markdown, as_text, file_name

Kind = Literal["json", "markdown", "text"]


@dataclass(frozen=True, slots=True)
class File:
    suffix: str
    media_type: str


KINDS: dict[Kind, File] = {
    "json": File("json", "application/json"),
    "markdown": File("md", "text/markdown; charset=utf-8"),
    "text": File("txt", "text/plain; charset=utf-8"),
}


class TurnBody(BaseModel):
    """`rating`: 1, -1 or null; `original`: what the model had written, where the owner wrote the reply anew.
    `ending`: `stopped` or `length` where the reply was ended before its end."""

    role: str
    content: str
    model: str
    rating: int | None
    original: str | None
    created_at: datetime
    ending: Ending


class AlternativeBody(TurnBody):
    """Another reply that was written in the place of `turns[turn]`."""

    turn: int


class ConversationBody(BaseModel):
    """A conversation as it is kept; `model` is the version that it began with."""

    id: str
    title: str
    model: str
    persona: str
    created_at: datetime
    updated_at: datetime
    turns: list[TurnBody]
    alternatives: list[AlternativeBody]

    @classmethod
    def of(cls, conversation: Conversation) -> "ConversationBody":
        others = [{"turn": place, **asdict(turn)} for place, turn in conversation.aside]
        return cls.model_validate({**asdict(conversation), "alternatives": others})


DOWNLOADS: dict[int | str, dict[str, Any]] = {
    200: {"model": ConversationBody, "content": {"text/markdown": {}, "text/plain": {}}}
}


def router(chat: Chat) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

    @routes.get("/{conversation_id}", responses=DOWNLOADS)
    def get(conversation_id: str, format: Kind = "json") -> Response:
        """A conversation as a download. `json` has its messages, thumbs, alternative replies, and what a reply was before it
        was edited; `markdown` and `text` have what was said."""
        conversation = chat.get(conversation_id)
        kind = KINDS[format]
        headers = {
            "Content-Disposition": f'attachment; filename="{file_name(conversation, kind.suffix)}"',
            "Cache-Control": "no-store",
        }
        return Response(_written(chat, conversation, format), media_type=kind.media_type, headers=headers)

    return routes


def _written(chat: Chat, conversation: Conversation, kind: Kind) -> str:
    if kind == "json":
        return ConversationBody.of(conversation).model_dump_json()
    write = as_markdown if kind == "markdown" else as_text
    return write(conversation, chat.speaker(conversation))
