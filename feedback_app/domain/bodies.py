"""What the JSON of a request may be: the fields that are known, each of its own type."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The base of every request's body. Nothing in it is dropped in silence, and nothing is taken for something else: `true` is no
    number, and neither 1 nor "yes" is true."""

    model_config = ConfigDict(extra="forbid", strict=True)
