"""The API and the routes of the pages on a real store, with set replies: what tests of the edge ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import select, text

from feedback_app import main
from feedback_app.api.app import build_api
from feedback_app.domain.comparison import Sampling
from feedback_app.main import App, prepare_database
from feedback_app.settings import Settings
from feedback_app.store.tables import metadata
from feedback_app.ui.app import page_routes
from tests.fakes import ScriptedEngine
from tests.tiny_model import known_personas


@dataclass(frozen=True, slots=True)
class Edge:
    """`url` is the database's."""

    built: App
    api: FastAPI
    url: str

    def rows(self) -> dict[str, list[Any]]:
        """All that is stored, as the database has it, without what it derives from that in the background."""
        with self.built.store.comparisons.database.read() as connection:
            return {
                name: connection.execute(select(*[text(column.name) for column in table.columns]).select_from(text(name))).all()
                for name, table in metadata.tables.items()
                if not name.startswith(("search_", "counters"))
            }  # fmt: skip

    def execute(self, statement: str, **values: object) -> None:
        """Write to the database past all our rules, as an older version did."""
        with self.built.store.comparisons.database.write() as connection:
            connection.execute(text(statement), values)

    def routes(self) -> list[tuple[str, str]]:
        """(method, path) of every route that takes a body, those of the pages too."""
        found = [
            (method, f"{prefix}{route.path}".replace("//", "/"))
            for prefix, route in _api_routes(self.api)
            for method in sorted(route.methods)
            if method in ("POST", "PUT", "PATCH", "DELETE")
        ]
        assert ("POST", "/v1/chat/completions") in found
        assert ("POST", "/arena/open") in found
        return found


def _api_routes(api: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    for included in api.routes:
        for route in getattr(getattr(included, "original_router", None), "routes", []):
            if isinstance(route, APIRoute):
                yield "", route


@contextmanager
def edge_app(home: Path, base_model: str = "unused", **changes: object) -> Iterator[Edge]:
    settings = Settings(
        home=home,
        base_model=base_model,
        personas=known_personas(home / "personas"),
        redis_url="redis://127.0.0.1:1/0",
        live_reward=False,
        min_pairs=1,
        **changes,
    )
    prepare_database(settings)
    with patch.object(main, "build_engine", lambda *args: ScriptedEngine()):
        built = main.build(settings)
    api = build_api(
        built.services, built.store, built.engine, lambda: Sampling(max_new_tokens=12), lambda: None
    )
    for routes in page_routes(built.services):
        api.include_router(routes)
    try:
        yield Edge(built, api, settings.database)
    finally:
        built.close()
