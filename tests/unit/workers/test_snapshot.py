"""Snapshots of preference pairs."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.files import file_hash
from alignment.contract.snapshot import read_ranked, read_snapshot
from feedback_app.domain.comparison import Finish, Message
from feedback_app.domain.preference import Demonstration, Rating, preference_pairs, split_of
from tests.unit.workers.examples import ranked
from workers.snapshot import BATCH, UnpairedFeedback, export

VERDICTS = [ranked(f"question {number}") for number in range(40)]


def test_the_same_rankings_make_one_snapshot(tmp_path: Path) -> None:
    first = export(VERDICTS, 0.15, tmp_path)
    written = (first.folder / "manifest.json").read_text()
    again = export(VERDICTS, 0.15, tmp_path)
    assert again == first
    assert [path.name for path in tmp_path.iterdir()] == [first.hash]
    assert (first.folder / "manifest.json").read_text() == written


@pytest.mark.parametrize(
    "changed",
    [
        [*VERDICTS, ranked("one more")],
        VERDICTS[1:],
        [ranked("question 0", (("c2",), ("c1",))), *VERDICTS[1:]],
    ],
)
def test_any_other_verdict_makes_another_snapshot(tmp_path: Path, changed: list) -> None:  # type: ignore[type-arg]
    assert export(changed, 0.15, tmp_path).hash != export(VERDICTS, 0.15, tmp_path).hash


def test_the_trainer_reads_what_was_written(tmp_path: Path) -> None:
    snapshot = export(VERDICTS, 0.3, tmp_path)
    read = read_snapshot(snapshot.folder)
    expected = [(pair.chosen, pair.rejected) for verdict in VERDICTS for pair in preference_pairs(verdict)]
    assert sorted((pair.chosen, pair.rejected) for pair in (*read.train, *read.heldout)) == sorted(expected)
    assert len(read.train) == snapshot.counts["train"] > 0
    assert len(read.heldout) == snapshot.counts["heldout"] > 0
    assert read.train[0].prompt[0] == {"role": "system", "content": "Be kind."}


def test_the_trainer_reads_which_replies_were_cut(tmp_path: Path) -> None:
    shown = ranked("long", (("c2",), ("c1", "c3")))
    ends: tuple[Finish, ...] = ("length", "stop", "imported")
    cut = tuple(replace(reply, finish=end) for reply, end in zip(shown.candidates, ends, strict=True))
    read = read_snapshot(export([replace(shown, candidates=cut)], 0.0, tmp_path).folder)
    assert [(pair.chosen_cut, pair.rejected_cut) for pair in read.train] == [(False, True), (False, False)]


def test_a_snapshot_from_before_cuts_were_told_is_read_as_if_none_were(tmp_path: Path) -> None:
    snapshot = export(VERDICTS, 0.15, tmp_path)
    file, manifest = snapshot.folder / "pairs.parquet", snapshot.folder / "manifest.json"
    older = pyarrow.parquet.read_table(file).drop_columns(["chosen_cut", "rejected_cut"])
    pyarrow.parquet.write_table(older, file)
    facts = json.loads(manifest.read_text())
    facts["files"][file.name] = file_hash(file)
    manifest.write_text(json.dumps(facts))
    with pytest.raises(InvalidSnapshot, match="chosen_cut"):
        read_snapshot(snapshot.folder)
    manifest.write_text(json.dumps(facts | {"format": 3}))
    read = read_snapshot(snapshot.folder)
    assert not any(pair.chosen_cut or pair.rejected_cut for pair in read.train)


def test_a_changed_file_is_noticed_by_the_trainer(tmp_path: Path) -> None:
    snapshot = export(VERDICTS, 0.15, tmp_path)
    for name in ("pairs.parquet", "rankings.parquet"):
        with (snapshot.folder / name).open("ab") as file:
            file.write(b"x")
    with pytest.raises(InvalidSnapshot, match="changed"):
        read_snapshot(snapshot.folder)
    with pytest.raises(InvalidSnapshot, match="changed"):
        read_ranked(snapshot.folder)


def test_whole_rankings_are_written_with_ties_and_without_all_bad(tmp_path: Path) -> None:
    tie = ranked("a", (("c2",), ("c1", "c3")))
    snapshot = export([tie, ranked("b", (("c1", "c2"),)), ranked("c", all_bad=True)], 0.15, tmp_path)
    first, second = read_ranked(snapshot.folder)
    assert first.replies == tuple(candidate.text for candidate in tie.candidates)
    assert (first.places, second.places) == ((1, 0, 1), (0, 0))
    assert first.prompt[0] == {"role": "system", "content": "Be kind."}
    assert (first.comparison_id, first.annotator) == ("id of a", "owner")
    assert first.split == split_of(tie.messages, 0.15)
    assert (snapshot.counts["rankings"], snapshot.counts["all_bad"]) == (2, 1)


def test_a_tie_makes_another_snapshot_although_it_gives_no_pair(tmp_path: Path) -> None:
    tied = [*VERDICTS, ranked("tie", (("c1", "c2"),))]
    assert export(tied, 0.15, tmp_path).hash != export(VERDICTS, 0.15, tmp_path).hash


def test_a_snapshot_from_before_has_no_rankings_and_says_what_to_do(tmp_path: Path) -> None:
    snapshot = export(VERDICTS, 0.15, tmp_path)
    (snapshot.folder / "rankings.parquet").unlink()
    assert read_snapshot(snapshot.folder)
    with pytest.raises(InvalidSnapshot, match="a part of it is missing: queue a new round"):
        read_ranked(snapshot.folder)


def test_a_prompt_stays_on_its_side_whatever_is_added(tmp_path: Path) -> None:
    def sides(folder: Path) -> dict[str, str]:
        rows = pyarrow.parquet.read_table(folder / "pairs.parquet").to_pylist()
        return {row["comparison_id"]: row["split"] for row in rows}

    few, many = export(VERDICTS[:20], 0.3, tmp_path), export(VERDICTS, 0.3, tmp_path)
    assert sides(few.folder).items() <= sides(many.folder).items()


def test_ties_all_bad_and_equal_replies_give_no_pairs_and_are_counted(tmp_path: Path) -> None:
    twin = ranked("twins")
    twin = replace(twin, candidates=tuple(replace(c, text=" same\n") for c in twin.candidates))
    verdicts = [
        ranked("a", (("c1", "c2"),)),
        ranked("b", (("c1", "c2"),), all_bad=True),
        ranked("c", (("c1",), ("c2", "c3"))),
        twin,
    ]
    counts = export(verdicts, 0.15, tmp_path).counts
    assert (counts["comparisons"], counts["ties"], counts["all_bad"], counts["identical"]) == (4, 2, 1, 1)
    assert counts["pairs"] == counts["train"] + counts["heldout"] == 2


def test_an_interrupted_export_leaves_nothing_and_is_made_anew(tmp_path: Path) -> None:
    def torn():  # type: ignore[no-untyped-def]
        yield from VERDICTS
        raise ConnectionError

    with pytest.raises(ConnectionError):
        export(torn(), 0.15, tmp_path)
    assert list(tmp_path.iterdir()) == []
    half = tmp_path / export(VERDICTS, 0.15, tmp_path / "elsewhere").hash
    half.mkdir()
    (half / "pairs.parquet").write_bytes(b"half")
    assert read_snapshot(export(VERDICTS, 0.15, tmp_path).folder)


def test_more_pairs_than_a_batch_are_all_written(tmp_path: Path) -> None:
    count = BATCH + 5
    snapshot = export((ranked(f"q{number}") for number in range(count)), 0.15, tmp_path)
    assert snapshot.counts["pairs"] == count
    assert pyarrow.parquet.read_metadata(snapshot.folder / "pairs.parquet").num_rows == count


@settings(max_examples=25, deadline=None)
@drawn(st.lists(st.text(min_size=1), min_size=1, max_size=6, unique=True), st.floats(0.05, 0.95))
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, prompts: list[str], share: float
) -> None:
    verdicts = [ranked(prompt) for prompt in prompts]
    snapshot = export(verdicts, share, tmp_path_factory.mktemp("snapshots"))
    rows = pyarrow.parquet.read_table(snapshot.folder / "pairs.parquet").to_pylist()
    assert [row["prompt"][-1]["content"] for row in rows] == prompts
    assert [row["split"] for row in rows] == [split_of(verdict.messages, share) for verdict in verdicts]
    assert json.loads((snapshot.folder / "manifest.json").read_text())["hash"] == snapshot.hash


RATED = tuple(Rating((Message("user", f"question {n}"),), f"reply {n}", n % 3 == 0) for n in range(20))
SHOWN = tuple(Demonstration((Message("user", f"question {n}"),), f"better {n}") for n in range(20))
SAID = UnpairedFeedback(RATED, SHOWN)


def test_ratings_and_demonstrations_are_written_on_the_side_of_their_prompt(tmp_path: Path) -> None:
    snapshot = export(VERDICTS, 0.3, tmp_path, SAID)
    assert (snapshot.counts["ratings"], snapshot.counts["demonstrations"]) == (20, 20)
    read = read_snapshot(snapshot.folder)
    trained = {rating.reply: rating.good for rating in RATED if split_of(rating.prompt, 0.3) == "train"}
    assert {rating.reply: rating.good for rating in read.ratings} == trained
    assert [item.reply.split()[1] for item in read.demonstrations] == [text.split()[1] for text in trained]
    assert 0 < len(trained) < 20
    questions = {prompt[-1]["content"] for prompt in read.heldout_prompts}
    assert questions >= {f"question {n}" for n in range(20)} - {f"question {t.split()[1]}" for t in trained}
    assert read.heldout_fraction == 0.3


def test_any_other_rating_or_demonstration_makes_another_snapshot(tmp_path: Path) -> None:
    first = RATED[0]
    others = [
        replace(SAID, ratings=(replace(first, good=not first.good), *RATED[1:])),
        replace(SAID, demonstrations=SHOWN[1:]),
    ]
    hashes = {export(VERDICTS, 0.15, tmp_path, given).hash for given in (SAID, *others)}
    assert len(hashes) == 3


@pytest.mark.parametrize("name", ["ratings.parquet", "demonstrations.parquet"])
def test_a_changed_or_missing_file_of_single_replies_is_noticed(tmp_path: Path, name: str) -> None:
    file = export(VERDICTS, 0.15, tmp_path, SAID).folder / name
    with file.open("ab") as content:
        content.write(b"x")
    with pytest.raises(InvalidSnapshot, match="changed"):
        read_snapshot(file.parent)
    file.unlink()
    with pytest.raises(InvalidSnapshot, match="queue a new round"):
        read_snapshot(file.parent)


def test_a_snapshot_of_the_format_before_is_read_without_single_replies(tmp_path: Path) -> None:
    folder = export(VERDICTS, 0.15, tmp_path, SAID).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in ("ratings.parquet", "demonstrations.parquet"):
        (folder / name).unlink()
        del manifest["files"][name]
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
    read = read_snapshot(folder)
    assert (read.ratings, read.demonstrations) == ((), ())
    assert read.train
