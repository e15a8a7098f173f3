"""A conversation, to take along."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from feedback_app.domain.conversation import Conversation
from feedback_app.services.chat import Chat


class TurnBody(BaseModel):
    """`rating`: 1, -1 or null; `original`: what the model had written, where the owner wrote the reply anew."""

    role: str
    content: str
    model: str
    rating: int | None
    original: str | None
    created_at: datetime


class ConversationBody(BaseModel):
    """A conversation as it is kept; `model` is the version that it began with."""

    id: str
    title: str
    model: str
    persona: str
    created_at: datetime
    updated_at: datetime
    turns: list[TurnBody]

    @classmethod
    def of(cls, conversation: Conversation) -> "ConversationBody":
        return cls.model_validate(asdict(conversation))


def router(chat: Chat) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

    @routes.get("/{conversation_id}", summary="Download a conversation")
    def get(conversation_id: str, response: Response) -> ConversationBody:
        """A chat as a JSON file: messages, thumbs, and the original text of edited replies."""
        name = f"codelynn-chat-{conversation_id[:8]}.json"
        conversation = chat.get(conversation_id)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "no-store"
        return ConversationBody.of(conversation)

    return routes
