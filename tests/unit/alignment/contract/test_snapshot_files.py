"""The files of a snapshot: their hash, their sizes, their card, those of earlier formats, and samples of their rows."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from datasets import load_dataset
from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.snapshot import read_ranked, read_snapshot
from alignment.contract.snapshot.builder import SnapshotBuilder
from alignment.contract.snapshot.digest import RowsDigest
from alignment.contract.snapshot.reader import open_snapshot
from alignment.contract.snapshot.sample import Limits, sampled
from alignment.contract.snapshot.schema import PAIRS, PAIRS_SCHEMA, RATINGS

OLD = Path(__file__).parents[3] / "data" / "snapshot-format-4"
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "prompt": st.lists(st.fixed_dictionaries({"role": st.text(), "content": st.text()}), max_size=3),
            "chosen": st.text(),
            "rejected": st.text(),
            "chosen_cut": st.booleans(),
            "rejected_cut": st.booleans(),
            "split": st.sampled_from(["train", "heldout"]),
            "comparison_id": st.text(),
            "annotator": st.text(),
        }
    ),
    max_size=8,
)


def batch(rows: list[dict[str, object]]) -> pyarrow.RecordBatch:
    return pyarrow.RecordBatch.from_pylist(rows, schema=PAIRS_SCHEMA)


def digest(*batches: pyarrow.RecordBatch) -> str:
    found = RowsDigest()
    for each in batches:
        found.update(each)
    return found.hexdigest()


@given(ROWS, st.integers(0, 8))
def test_the_digest_does_not_depend_on_how_rows_are_cut_into_batches(
    rows: list[dict[str, object]], cut: int
) -> None:
    whole = batch(rows)
    parts = (whole.slice(0, cut), whole.slice(min(cut, len(rows))))
    assert digest(whole) == digest(*parts) == digest(batch(rows[:cut]), batch(rows[cut:]))


@given(ROWS, ROWS)
def test_other_rows_have_another_digest(
    rows: list[dict[str, object]], others: list[dict[str, object]]
) -> None:
    assert (digest(batch(rows)) == digest(batch(others))) == (rows == others)


def row(number: int, split: str = "train", annotator: str = "imported") -> dict[str, object]:
    text = np.random.default_rng(number).bytes(400).hex()  # nothing to compress
    return {
        "prompt": [{"role": "user", "content": f"question {number}"}],
        "chosen": f"good {number} {text}",
        "rejected": f"bad {number}",
        "chosen_cut": False,
        "rejected_cut": False,
        "split": split,
        "comparison_id": f"id {number}",
        "annotator": annotator,
    }


def written(folder: Path, rows: list[dict[str, object]], shard_bytes: int = 2**28) -> Path:
    with SnapshotBuilder(folder, 0.3, shard_bytes) as builder:
        for begin in range(0, len(rows), 100):
            builder.add(PAIRS, batch(rows[begin : begin + 100]).columns)
        builder.counts.update(pairs=len(rows), train=sum(one["split"] == "train" for one in rows))
        return builder.finish()[0]


def test_a_large_table_is_written_in_files_of_limited_size_that_read_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignment.contract.snapshot.builder.GROUP_ROWS", 100)
    rows = [row(number) for number in range(1000)]
    one, many = written(tmp_path / "one", rows), written(tmp_path / "many", rows, 200_000)
    assert one.name == many.name, "the hash is over the rows, not over the files"
    shards = sorted(path.name for path in many.glob("pairs*.parquet"))
    assert len(shards) > 2
    assert {"pairs.parquet", "pairs-1.parquet"} <= set(shards)
    assert all((many / name).stat().st_size <= 200_000 for name in shards)
    assert read_snapshot(one) == read_snapshot(many)
    assert [pair.chosen for pair in read_snapshot(many).train] == [one["chosen"] for one in rows]
    (many / "pairs-1.parquet").unlink()
    with pytest.raises(InvalidSnapshot, match="a part of it is missing"):
        read_snapshot(many)


def test_the_datasets_library_loads_a_snapshot(tmp_path: Path) -> None:
    folder = written(tmp_path / "snapshots", [row(number) for number in range(20)])
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]
    assert loaded.num_rows == 20
    assert loaded[3]["chosen"] == row(3)["chosen"]
    assert RATINGS.removesuffix(".parquet") not in (folder / "README.md").read_text().split("---")[1]


def test_a_snapshot_of_format_4_is_read_whole_whatever_the_limits() -> None:
    (folder,) = OLD.iterdir()
    assert open_snapshot(folder).manifest.format == 4
    whole = read_snapshot(folder)
    assert read_snapshot(folder, Limits(1, 1)) == whole
    assert (len(whole.train), len(whole.heldout)) == (whole.available["pairs"], whole.available["heldout"])
    assert sum(pair.chosen_cut for pair in (*whole.train, *whole.heldout)) == 1
    assert (len(read_ranked(folder)), len(whole.ratings) > 0, len(whole.demonstrations) > 0) == (
        20,
        True,
        True,
    )


def test_a_round_reads_the_owners_newest_pairs_first_and_then_an_even_share_of_the_others(
    tmp_path: Path,
) -> None:
    rows = [
        row(n, "heldout" if n % 10 == 9 else "train", "owner" if n % 50 == 0 else "imported")
        for n in range(1000)
    ]
    folder = written(tmp_path, rows)
    read = read_snapshot(folder, Limits(100, 30))
    numbers = [int(pair.chosen.split()[1]) for pair in read.train]
    assert (len(read.train), len(read.heldout), read.available["pairs"]) == (100, 30, 900)
    assert set(range(0, 1000, 50)) <= set(numbers)
    assert numbers == sorted(numbers)
    assert sum(number < 500 for number in numbers) == pytest.approx(50, abs=2)
    few = read_snapshot(folder, Limits(3, 30)).train
    assert [int(pair.chosen.split()[1]) for pair in few] == [850, 900, 950]
    assert read_snapshot(folder, Limits(100, 30)) == read, "the same rows give the same sample"


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 70))
def test_a_sample_has_as_many_rows_as_it_may_each_once(own: list[bool], most: int) -> None:
    places = sampled(np.array(own, np.bool_), most).tolist()
    assert len(places) == len(set(places)) == min(most, len(own))
    assert places == sorted(places)
    assert sum(own[place] for place in places) == min(sum(own), most if most < len(own) else sum(own))
