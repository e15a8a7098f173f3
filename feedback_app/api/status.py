"""The status of the service and its parts, annotation desks, agreement of annotators, personas."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from feedback_app.services.bundle import Services
from feedback_app.services.system.status import PartStatus


class PartBody(BaseModel):
    """`required`: the service does not work without it. `detail` says what is wrong if it is not `ok`."""

    name: str
    ok: bool
    required: bool
    detail: str


class StatusBody(BaseModel):
    """`ready`: every required part is ok."""

    ready: bool
    parts: list[PartBody]

    @classmethod
    def of(cls, parts: list[PartStatus]) -> "StatusBody":
        ready = all(part.ok for part in parts if part.required)
        return cls(ready=ready, parts=[PartBody(**asdict(part)) for part in parts])


class DeskBody(BaseModel):
    """`mood`: `connected`, `catching up`, `away`, `refused` or `not reached yet`, and its `reason`. `left`: comparisons
    that wait to be sent. `refused`: comparisons that the desk did not accept. `problems`: answers of the desk that could not be used."""

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
    """`alpha` is Krippendorff's: 1 is full agreement, 0 chance; null if too few pairs were ranked by two annotators.
    `rankings`: the number of rankings by annotator."""

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

    @routes.get("/status", summary="Get the status of every part")
    def parts() -> StatusBody:
        """Checks every part, including workers and annotation desks. Takes a second or two."""
        return StatusBody.of(services.status.everything())

    @routes.get("/base", summary="Get the base model")
    def base() -> BaseBody:
        """The model that rounds train."""
        return BaseBody(name=services.base_name)

    @routes.get("/desks", summary="Connected tools")
    def listing() -> list[DeskBody]:
        """Argilla and Label Studio, if used, and how many comparisons wait for them."""
        return [DeskBody(**asdict(desk)) for desk in services.desks.status()]

    @routes.post("/desks/{name}/resend", summary="Send every comparison to a desk again")
    def resend(name: str) -> ResentBody:
        """For a new server, or after the cause of a refusal was fixed. Repeating it changes nothing."""
        return ResentBody(comparisons=services.desks.resend(name))

    @routes.get("/agreement", summary="Get the agreement of the annotators")
    def agreement() -> AgreementBody:
        """Krippendorff's alpha over the comparisons that two or more annotators ranked, and how many each ranked."""
        return AgreementBody(**asdict(services.agreements.now()))

    @routes.get("/personas", summary="List personas")
    def known() -> list[PersonaBody]:
        """The personas that the chatbot can take."""
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
