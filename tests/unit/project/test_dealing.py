"""Tests are dealt to the workers of pytest-xdist by folder."""

import pytest

from tests.dealing import LONGEST_FIRST, ONE_SERVER
from tests.paths import PROJECT


@pytest.mark.parametrize("folder", [*ONE_SERVER, *LONGEST_FIRST])
def test_every_folder_that_is_named_exists(folder: str) -> None:
    assert (PROJECT / folder).is_dir(), (
        f"{folder} is gone: its tests would start their server once for each file"
    )
