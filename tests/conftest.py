"""What holds for all tests: one thread each for numerics, how they are dealt to workers, and the browser they share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.tiny_model import build_tiny_model

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.dealing import Dealing

# Before torch is imported, here and in every process that a test starts: so small a model only waits for its threads.
os.environ["OMP_NUM_THREADS"] = "1"
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 60_000
"""Long, for busy machines: nothing waits for it where all is well."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "Dealing":
    from tests.dealing import Dealing

    return Dealing(config, log)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model, made once for each worker. Copy it to write to it or to keep measurements beside it."""
    return build_tiny_model(tmp_path_factory.mktemp("tiny-model") / "tiny")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests: Playwright allows one at a time in a thread."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: install one to run the browser tests")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield opened
        opened.close()
