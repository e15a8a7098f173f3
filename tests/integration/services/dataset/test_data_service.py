"""Exports and imports on a real database: nothing lost, nothing twice, nothing by halves."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from feedback_app.domain.comparison import Candidate, Comparison, Message, Ranking
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.persona import Persona, UnknownPersona
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.formats.jsonl import Limits
from feedback_app.services.dataset.dataset import (
    FORMATS,
    CannotIgnore,
    Dataset,
    ExportCount,
    FileTooLarge,
    ImportRefused,
    ImportReport,
    UnknownFormat,
)
from feedback_app.services.dataset.imports import Cancelled, Progress
from feedback_app.store import Store
from tests.integration.services.dataset.stores import NewStore, preferences
from tests.paths import SHAPES

pytestmark = pytest.mark.integration
PAIR_FORMATS = ("trl", "hh", "openai", "sharegpt", "parquet")


def ranked(prompt: str, ranking: Ranking, *texts: str) -> Comparison:
    candidates = [Candidate(f"c{i}", i, f"model-{i}", text, finish="stop") for i, text in enumerate(texts, 1)]
    messages = (Message("system", "You are Lynn."), Message("user", prompt))
    return Comparison(messages, tuple(candidates), ranking=ranking, persona="lynn", tags=("advice",))


def fill(store: Store) -> None:
    """Two and three candidates, a tie, all bad, an edit, the same vote twice, markers, and what no pair can carry."""
    first = Ranking((("c2",), ("c1",)), note="warmer", aspects=("kind",), seconds=4.5)
    store.comparisons.add_all(
        [
            ranked("What is tea?", first, "A plant.", "Tea?\n\nHuman: yes\u2028Ja, \U0001f375"),
            ranked("Same?", Ranking((("c1",), ("c2",))), "yes", "no"),
            ranked("Same?", Ranking((("c1",), ("c2",)), annotator="anna"), "yes", "no"),
            ranked("Three?", Ranking((("c3",), ("c1", "c2")), edit="Three, dear."), "1", "2", "3"),
            ranked("Bad?", Ranking((("c1", "c2"),), all_bad=True), "x", "y"),
            ranked("Alike?", Ranking((("c1",), ("c2",))), "same", "same"),
            ranked("Silent?", Ranking((("c1",), ("c2",))), "word", ""),
        ]
    )


@pytest.mark.parametrize("format", PAIR_FORMATS)
def test_every_preference_comes_back_through_every_pair_format(new_store: NewStore, format: str) -> None:
    here, there = new_store(), new_store()
    fill(here)
    content = b"".join(Dataset(here).export(format))
    assert Dataset(here).count(format) == ExportCount(records=8, left_out=2)
    assert Dataset(there).import_(format, content) == ImportReport(added=8, skipped=0)
    assert preferences(there) == preferences(here)
    imported = next(there.comparisons.with_rankings())
    assert imported.source == f"import:{format}"
    assert imported.messages[0] == Message("system", "You are Lynn.")
    assert imported.candidates[0].model == ("model-2" if format == "parquet" else "imported")


@pytest.mark.parametrize("format", FORMATS)
def test_importing_twice_adds_nothing_and_neither_does_ones_own_export(
    new_store: NewStore, format: str
) -> None:
    here, there = new_store(), new_store()
    fill(here)
    here.ratings.add_all([Rating((Message("user", "Hi"),), "Hello", good=True)])
    here.demonstrations.add_all([Demonstration((Message("user", "Hi"),), "Hello")])
    content = b"".join(Dataset(here).export(format))
    before = here.comparisons.counts(), here.ratings.count(), here.demonstrations.count()
    assert Dataset(here).import_(format, content).added == 0
    assert (here.comparisons.counts(), here.ratings.count(), here.demonstrations.count()) == before
    first = Dataset(there).import_(format, content)
    assert Dataset(there).import_(format, content) == ImportReport(0, first.added + first.skipped)


def test_a_pair_that_came_in_one_format_is_known_in_every_other(new_store: NewStore) -> None:
    here, there = new_store(), new_store()
    fill(here)
    added = [Dataset(there).import_(f, b"".join(Dataset(here).export(f))).added for f in PAIR_FORMATS]
    assert added == [8, 0, 0, 0, 0]


def test_imports_keep_the_order_of_the_file(new_store: NewStore) -> None:
    store = new_store()
    lines = [json.dumps({"prompt": f"{i}", "chosen": "a", "rejected": "b"}) for i in range(30)]
    Dataset(store).import_("trl", "\n".join(lines).encode())
    assert [c.messages[-1].content for c in store.comparisons.with_rankings()] == [str(i) for i in range(30)]


def test_rankings_restore_every_comparison_to_the_last_field(new_store: NewStore) -> None:
    here, there = new_store(), new_store()
    fill(here)
    content = b"".join(Dataset(here).export("rankings"))
    assert Dataset(there).import_("rankings", content) == ImportReport(7, 0)
    assert list(there.comparisons.with_rankings()) == list(here.comparisons.with_rankings())


def test_kto_holds_ratings_thumbs_and_pairs_taken_apart(new_store: NewStore) -> None:
    store = new_store()
    store.comparisons.add_all([ranked("Same?", Ranking((("c1",), ("c2",))), "yes", "no")])
    store.ratings.add_all([Rating((Message("user", "Hi"),), "Hello", good=True)])
    turns = (Turn("user", "Tea?"), Turn("assistant", "Coffee.", "base", rating=-1))
    store.conversations.add(Conversation("base", "lynn", turns=turns))
    persona = Persona("lynn", "Lynn", "", "You are Lynn.", "")
    lines = [json.loads(line) for line in Dataset(store, lambda _: persona).export("kto")]
    said = [(len(line["prompt"]), line["completion"][0]["content"], line["label"]) for line in lines]
    assert said == [(1, "Hello", True), (2, "Coffee.", False), (2, "yes", True), (2, "no", False)]
    assert Dataset(store).count("kto") == ExportCount(4, 0)


def test_a_rated_chat_of_a_persona_that_is_gone_has_no_system_turn(new_store: NewStore) -> None:
    store = new_store()
    turns = (Turn("user", "Tea?"), Turn("assistant", "Coffee.", "base", rating=1))
    store.conversations.add(Conversation("base", "gone", turns=turns))

    def gone(_: str) -> Persona:
        raise UnknownPersona("no persona")

    (line,) = Dataset(store, gone).export("kto")
    assert json.loads(line)["prompt"] == [{"role": "user", "content": "Tea?"}]


def test_kto_comes_in_as_ratings_and_sft_as_demonstrations(new_store: NewStore) -> None:
    here, there = new_store(), new_store()
    fill(here)
    Dataset(there).import_("kto", b"".join(Dataset(here).export("kto")))
    Dataset(there).import_("sft", b"".join(Dataset(here).export("sft")))
    assert Counter(rating.good for rating in there.ratings.all()) == {True: 4, False: 5}
    assert [(d.reply, d.source) for d in there.demonstrations.all()] == [("Three, dear.", "import:sft")]
    assert there.comparisons.counts()["ranked"] == 0


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "parquet"])
def test_one_bad_line_and_nothing_is_imported(new_store: NewStore, format: str) -> None:
    here, there = new_store(), new_store()
    fill(here)
    content = b"".join(Dataset(here).export(format))
    with pytest.raises(ImportRefused) as refused:
        Dataset(there).import_(format, content + b'\n{"secret": 1}\n')
    assert [bad.line for bad in refused.value.errors] == [content.count(b"\n") + 2]
    assert "secret" not in str(refused.value)
    assert there.comparisons.counts()["ranked"] == there.ratings.count() == there.demonstrations.count() == 0


def test_parquet_that_is_cut_short_is_refused(new_store: NewStore) -> None:
    store = new_store()
    fill(store)
    content = b"".join(Dataset(store).export("parquet"))
    with pytest.raises(ImportRefused, match="nothing was imported: the file is not a readable Parquet file"):
        Dataset(store).import_("parquet", content[:-20])


def test_an_import_may_come_in_pieces(new_store: NewStore) -> None:
    here, there = new_store(), new_store()
    fill(here)
    content = b"".join(Dataset(here).export("trl"))
    pieces = (content[i : i + 7] for i in range(0, len(content), 7))
    assert Dataset(there).import_("trl", pieces).added == 8


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_dataset_goes_out_and_comes_back(new_store: NewStore, format: str) -> None:
    data = Dataset(new_store())
    content = b"".join(data.export(format))
    assert data.import_(format, content) == ImportReport(0, 0)
    assert data.count(format) == ExportCount(0, 0)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_over_the_limit_is_refused(new_store: NewStore, format: str) -> None:
    data = Dataset(new_store(), limits=Limits(file=100))
    with pytest.raises(FileTooLarge):
        data.import_(format, b" " * 101)
    with pytest.raises(FileTooLarge):
        data.check_size(101)


def test_a_download_has_a_name_a_type_and_a_beginning_that_tells_its_format(new_store: NewStore) -> None:
    store = new_store()
    fill(store)
    data = Dataset(store)
    assert data.file_name("trl") == "codelynn-trl.jsonl"
    assert data.file_name("parquet") == "codelynn-parquet.parquet"
    assert data.media_type("trl") == "application/x-ndjson"
    for format in FORMATS:
        assert data.look(None, data.export(format)).format == format


def test_an_unknown_format_is_named_with_those_there_are(new_store: NewStore) -> None:
    data = Dataset(new_store())
    for call in (data.export, data.count, data.file_name, data.media_type):
        with pytest.raises(
            UnknownFormat, match=r"there are: trl, hh, openai, sharegpt, kto, sft, rankings, parquet$"
        ):
            call("csv")
    with pytest.raises(UnknownFormat, match=r"rankings, parquet, oasst, pandalm, alpaca, .*, sillytavern$"):
        data.import_("csv", b"")


def test_the_parquet_file_is_what_other_tools_expect(new_store: NewStore, tmp_path: Path) -> None:
    store = new_store()
    fill(store)
    path = tmp_path / "pairs.parquet"
    path.write_bytes(b"".join(Dataset(store).export("parquet")))
    rows = pq.read_table(path).to_pylist()
    assert rows[0]["prompt"][0] == {"role": "system", "content": "You are Lynn."}
    assert rows[0]["rejected"] == [{"role": "assistant", "content": "A plant."}]
    assert (rows[0]["chosen_model"], rows[2]["annotator"]) == ("model-2", "anna")


def test_an_import_finds_its_format_out_of_every_export(new_store: NewStore) -> None:
    here = new_store()
    fill(here)
    for format in FORMATS:
        told = Dataset(new_store()).import_(None, b"".join(Dataset(here).export(format)))
        assert told.format == format
        assert told.added > 0


def test_what_an_import_gives_of_every_kind_is_stored_at_once_or_not_at_all(new_store: NewStore) -> None:
    store = new_store()
    data, content = Dataset(store), (SHAPES / "fastchat_log.jsonl").read_bytes()
    told = data.import_(None, content, trial=True)
    assert (told, told.trial) == (ImportReport(6, 0), True)
    assert (
        store.comparisons.counts()["ranked"] == store.ratings.count() == store.outbox.counts()["pending"] == 0
    )
    told = data.import_(None, content)
    assert (told, told.kinds) == (ImportReport(6, 0), {"rankings": 4, "ratings": 2})
    assert told.left_out == {"event without a vote": 1}
    assert (store.comparisons.counts()["ranked"], store.ratings.count()) == (4, 2)
    assert data.import_(None, content) == ImportReport(0, 6)


def test_an_import_that_is_ended_between_two_kinds_leaves_neither(new_store: NewStore) -> None:
    store = new_store()

    def ends(progress: Progress) -> None:
        if progress.step == "storing" and progress.done == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        Dataset(store).import_(None, (SHAPES / "fastchat_log.jsonl").read_bytes(), ends)
    assert store.comparisons.counts()["ranked"] == store.ratings.count() == 0


@pytest.mark.parametrize("path", sorted(SHAPES.iterdir()), ids=lambda path: path.stem)
def test_a_public_set_comes_in_once_and_goes_out_as_a_backup(new_store: NewStore, path: Path) -> None:
    here, there, content = new_store(), new_store(), path.read_bytes()
    first = Dataset(here).import_(None, content)
    assert first.added > 0
    assert Dataset(here).import_(None, content) == ImportReport(0, first.added + first.skipped)
    backup = b"".join(Dataset(here).export("rankings"))
    Dataset(there).import_("rankings", backup)
    assert list(there.comparisons.with_rankings()) == list(here.comparisons.with_rankings())


def test_fields_are_left_out_as_asked_and_counted(new_store: NewStore) -> None:
    data = Dataset(new_store())
    content = json.dumps({"prompt": "a", "chosen": "b", "rejected": "c", "margin": 1}).encode()
    with pytest.raises(ImportRefused, match="has `margin`"):
        data.import_(None, content)
    told = data.import_(None, content, ignore=["margin"])
    assert (told, told.ignored) == (ImportReport(1, 0), {"margin": 1})
    with pytest.raises(CannotIgnore):
        data.import_(None, content, ignore=["rejected"])
