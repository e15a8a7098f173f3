"""Every page, filled and in both colour schemes, before axe-core."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.filled import READY, fill
from tests.browser.site import Site

GRADIOS_OWN = {("label-content-name-mismatch", ".upload-container")}
"""Gradio 6.31's upload area has a label that its text does not contain."""


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    fill(site)
    return site


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", READY)
def test_axe_finds_nothing(page: Page, filled: Site, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path + ("?__theme=dark" if scheme == "dark" else ""))
    page.wait_for_selector(READY[path])
    found = [
        (violation["impact"], violation["id"], ".".join(node["target"]), node["html"][:120])
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    assert [one for one in found if (one[1], one[2]) not in GRADIOS_OWN] == []
