"""Imports and exports that say how far they are and can be cancelled, and snapshots with their difference."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.comparison import Ranking
from feedback_app.domain.round import Round
from tests.browser.shared.test_other_pages import choose_file, upload, written
from tests.browser.shots import take
from tests.browser.site import Site
from workers.snapshot import export

RECORDS = 3000
PAIRS = [
    {
        "prompt": f"Question {i}",
        "chosen": f"Good {i} {'well said ' * 20}",
        "rejected": f"Bad {i} {'hm ' * 80}",
    }
    for i in range(RECORDS)
]


def test_an_import_is_watched_cancelled_without_a_trace_and_done_again(
    page: Page, site: Site, tmp_path: Path, pictures: Path
) -> None:
    file = written(tmp_path / "pairs.jsonl", PAIRS)
    choose_file(page, file)
    with (
        site.app.store.database.write()
    ):  # somebody else writes: the import waits where it would store, half a minute at most
        page.locator("#import").click()
        line = page.locator("#import-line")
        expect(line).to_contain_text("Storing 0 of 3,000 records")
        expect(line.get_by_role("progressbar")).to_be_visible()
        take(page, pictures / "import.png")
        page.locator("#import-cancel").click()
    expect(line).to_contain_text("Cancelled: nothing was imported.")
    expect(page.locator("#import-cancel")).not_to_be_visible()
    assert site.app.store.comparisons.counts()["ranked"] == 0
    expect(page.locator("#import")).to_be_enabled()
    upload(page, file)
    expect(line).to_contain_text("Imported 3,000 records (trl)")
    expect(page.locator("#exports")).to_contain_text("3,000 records")
    expect(page.locator("#counts")).to_contain_text("3,000")


@pytest.mark.usefixtures("intercepted")
def test_an_export_is_watched_cancelled_saved_and_left_to_the_browser_where_it_is_large(
    page: Page, site: Site, pictures: Path
) -> None:
    if not site.app.store.comparisons.counts()["ranked"]:
        site.app.services.dataset.import_("trl", "\n".join(map(json.dumps, PAIRS)).encode())
    page.goto("/data")
    link, line = page.locator("#exports a[data-format=trl]"), page.locator("#export-line")
    expect(link).to_contain_text("3,000 records")
    with held(site):
        link.click()
        expect(line).to_contain_text("of 3,000 records")
        expect(line.get_by_role("progressbar")).to_be_visible()
        take(page, pictures / "export.png")
        line.get_by_role("button", name="Cancel").click()
        expect(line).to_contain_text("Cancelled: nothing was saved.")
    with page.expect_download() as started:
        link.click()
    expect(line).to_contain_text("Saved 3,000 records (trl).")
    assert started.value.suggested_filename == "codelynn-trl.jsonl"
    assert len(Path(started.value.path()).read_bytes().splitlines()) == RECORDS
    page.route("**/api/v1/export*", lambda route: route.abort())
    link.click()
    expect(line.get_by_role("alert")).to_contain_text("Nothing was saved")
    page.unroute("**/api/v1/export*")
    link.evaluate("(link) => { link.dataset.records = '1000000'; }")
    with page.expect_download() as started:
        link.click()
    expect(line).to_contain_text("This export is large")
    assert len(Path(started.value.path()).read_bytes().splitlines()) == RECORDS


class held:
    """Exports stop after two thirds until the block ends."""

    def __init__(self, site: Site) -> None:
        self._data = site.app.services.dataset
        self._free = threading.Event()
        self._real = self._data.export

    def __enter__(self) -> None:
        self._patch = patch.object(self._data, "export", self._slow)
        self._patch.start()

    def __exit__(self, *_: object) -> None:
        self._free.set()
        self._patch.stop()

    def _slow(self, format: str) -> Iterator[bytes]:
        for number, part in enumerate(self._real(format)):
            yield part
            if number == RECORDS * 2 // 3:
                self._free.wait(30)


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_new_since_the_last_round_is_said_and_looked_at(
    page: Page, site: Site, pictures: Path, width: int
) -> None:
    store, folder = site.app.store, site.app.settings.root / "snapshots"
    lines = [{"prompt": f"<b>Tea {width} {i}</b>", "chosen": "Yes.", "rejected": "No."} for i in range(4)]
    site.app.services.dataset.import_("trl", "\n".join(map(json.dumps, lines[:3])).encode())
    snapshot = export(store.comparisons.with_rankings(), 0.15, folder)
    store.rounds.add(Round(method="sft", snapshot=snapshot.hash))
    site.app.services.dataset.import_("trl", json.dumps(lines[3]).encode())
    turned = list(store.comparisons.with_rankings())[-2]
    store.comparisons.rank(turned.id, Ranking((("c2",), ("c1",))), ())
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/data")
    expect(page.locator("#snapshots-since")).to_contain_text("1 ranking new, 1 ranking changed")
    expect(page.locator("#snapshots")).to_contain_text("sft (queued)")
    page.get_by_role("button", name="Compare two snapshots").click()
    shown = page.locator("#snapshots-difference")
    expect(shown).to_contain_text(f"<b>Tea {width} 3</b>")
    expect(shown).to_contain_text("New rankings by source: import:trl 1")
    expect(shown.locator(".changes > li").first).to_contain_text("before")
    take(page, pictures / f"difference-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#delete-snapshot").click()
    page.locator("#delete-snapshot-yes").click()
    expect(page.locator("#snapshots-line")).to_contain_text("needs this snapshot")
    store.rounds.request_cancel(store.rounds.list(1)[0].id)
    page.locator("#delete-snapshot-yes").click()
    expect(page.locator("#snapshots-line")).to_contain_text(f"Snapshot {snapshot.hash[:8]} was deleted")
    assert not snapshot.folder.exists()
