"""Vectors and similarity search are refused: codeLynn writes no vectors, and Argilla's pages ask for similar records
only where a record has some."""

from typing import Any, NoReturn

from argilla_server.contexts import datasets
from argilla_server.errors.future import UnprocessableEntityError


def refuse_vectors() -> NoReturn:
    """Argilla answers 422 with this message."""
    raise UnprocessableEntityError("this server has no vectors and no similarity search")


def refuse_vector_settings() -> None:
    """Refuse the settings without which Argilla accepts no vector of a record.

    The search engine cannot do it: Argilla stores the settings before it tells the engine, and does not tell it at all
    while a dataset is a draft.
    """
    datasets.create_vector_settings = _refused


async def _refused(*_: Any) -> NoReturn:
    refuse_vectors()
