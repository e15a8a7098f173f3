"""Every route of the API says what it does, in its own words."""

from collections.abc import Iterator
from typing import Any

import pytest

from feedback_app.api.app import build_api
from feedback_app.domain.comparison import Sampling
from feedback_app.main import build, prepare_database
from feedback_app.settings import Settings

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), live_reward=False)  # type: ignore[call-arg]
    prepare_database(settings)
    app = build(settings)
    api = build_api(app.services, app.store, app.engine, Sampling(), lambda: None)
    paths = api.openapi()["paths"]
    yield [
        (f"{method.upper()} {path}", operation)
        for path, operations in paths.items()
        if path.startswith("/api/v1")
        for method, operation in operations.items()
        if method in METHODS
    ]
    app.close()


def test_every_route_has_a_summary_of_its_own_and_a_description(
    routes: list[tuple[str, dict[str, Any]]],
) -> None:
    assert len(routes) > 20
    assert [name for name, route in routes if len(route["summary"].split()) < 2] == []
    assert [name for name, route in routes if not route.get("description")] == []
    summaries = [route["summary"] for _, route in routes]
    assert len(set(summaries)) == len(summaries)
