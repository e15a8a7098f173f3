"""What runs and whether it answers; the annotation desks; whether the annotators agree; the personas."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from feedback_app.services.bundle import Services
from feedback_app.services.system.status import PartStatus


class PartBody(BaseModel):
    """`required`: without it nothing works. `detail` says what is wrong, where it is not `ok`."""

    name: str
    ok: bool
    required: bool
    detail: str


class StatusBody(BaseModel):
    """`ready`: all that is required is ok."""

    ready: bool
    parts: list[PartBody]

    @classmethod
    def of(cls, parts: list[PartStatus]) -> "StatusBody":
        ready = all(part.ok for part in parts if part.required)
        return cls(ready=ready, parts=[PartBody(**asdict(part)) for part in parts])


class DeskBody(BaseModel):
    """`mood`: `connected`, `catching up`, `away`, `refused` or `not reached yet`, with its `reason`. `left` comparisons wait
    to be sent; it `refused` others; `problems` are answers of the desk that could not be used."""

    name: str
    mood: str
    left: int
    refused: int
    reason: str
    problems: list[str]


class ResentBody(BaseModel):
    """How many comparisons will be sent."""

    comparisons: int


class AgreementBody(BaseModel):
    """`alpha` is Krippendorff's: 1 is full agreement, 0 chance; null where too few pairs were ranked by two annotators.
    `rankings` counts those of each annotator."""

    alpha: float | None
    comparisons: int
    pairs: int
    rankings: dict[str, int]


class PersonaBody(BaseModel):
    id: str
    name: str
    description: str
    greeting: str
    current: bool


class BaseBody(BaseModel):
    """The model that every version is trained from."""

    name: str


def router(services: Services) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["status"])

    @routes.get("/status", summary="What runs and whether it answers")
    def parts() -> StatusBody:
        """Asks every part, the workers and the annotation desks too; takes a second or two."""
        return StatusBody.of(services.status.everything())

    @routes.get("/base", summary="The base model")
    def base() -> BaseBody:
        """What is trained."""
        return BaseBody(name=services.base_name)

    @routes.get("/desks", summary="Connected tools")
    def listing() -> list[DeskBody]:
        """Argilla and Label Studio, where they are used, and what waits for them."""
        return [DeskBody(**asdict(desk)) for desk in services.desks.status()]

    @routes.post("/desks/{name}/resend", summary="Send every comparison to a desk again")
    def resend(name: str) -> ResentBody:
        """To a new server, or once what it refused was put right. Twice changes nothing."""
        return ResentBody(comparisons=services.desks.resend(name))

    @routes.get("/agreement", summary="Whether the annotators agree")
    def agreement() -> AgreementBody:
        """Krippendorff's alpha over the comparisons that two or more annotators ranked, and how many each ranked."""
        return AgreementBody(**asdict(services.agreements.now()))

    @routes.get("/personas", summary="List personas")
    def known() -> list[PersonaBody]:
        """Who the chatbot can be."""
        return [
            PersonaBody(
                id=one.id,
                name=one.name,
                description=one.description,
                greeting=one.greeting,
                current=one.id == services.default_persona,
            )
            for one in services.personas()
        ]

    return routes
