"""The whole service on a free port, and the clients that ask it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import openai
import pytest

from tests.browser.conftest import GRADIO_WARNINGS
from tests.browser.site import Site, serving
from tests.fakes import LongerIsBetter
from tests.unit.services.reward.live.examples import LONGER_WON, opened
from tests.waiting import until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)
            for words in GRADIO_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{words}"))


@pytest.fixture(scope="package")
def site(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:

        async def start() -> Site:
            return stack.enter_context(
                serving(tmp_path_factory.mktemp("home"), tiny_model, live=LongerIsBetter)
            )

        # In a running loop: where there is none, Gradio makes one for each event of its pages, and closes none. In a thread
        # of its own: Playwright, where browser tests ran before, has a loop in this one.
        with ThreadPoolExecutor(1) as apart:
            started = apart.submit(lambda: asyncio.run(start())).result()
        yield started


@pytest.fixture(scope="package")
def client(site: Site) -> Iterator[openai.OpenAI]:
    """The official client, which asks again only where a test wants it to."""
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key="none", max_retries=0) as opened:
        yield opened


@pytest.fixture(scope="package")
def http(site: Site) -> Iterator[httpx.Client]:
    """Requests as they are, for bodies that no client would send."""
    with httpx.Client(base_url=f"{site.url}/v1", timeout=120, trust_env=False) as opened:
        yield opened


@pytest.fixture
def taught(site: Site) -> Site:
    """The live reward model has learned that the longer reply is liked."""
    live = site.app.services.live_reward
    if not live.state().votes:
        site.app.store.comparisons.add(comparison := opened())
        site.app.store.comparisons.rank(comparison.id, LONGER_WON, [])
        live.ranking_changed(comparison.id)
        until(lambda: live.state().votes)
    return site
