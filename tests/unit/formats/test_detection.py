"""The format of a file is told from its records, the same everywhere, and never so that a bad reply becomes a demonstration."""

import gzip
import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import kto
from feedback_app.formats.catalogue import UnknownFormat
from feedback_app.formats.errors import ImportRefused, LineError
from feedback_app.formats.jsonl import FileTooLarge, Limits
from feedback_app.formats.reading import look
from tests.unit.formats.values import detected, lines, taken, why

USER = {"role": "user", "content": "How was your day?"}
GOOD = {"role": "assistant", "content": "Sunny, thank you!"}
BAD = {"role": "assistant", "content": "None of your business."}
PAIR = {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}
SHOWN = {"messages": [USER, GOOD]}
RATED = {"messages": [USER, BAD], "label": False}


@pytest.mark.parametrize(
    ("line", "format"),
    [
        (b'\xef\xbb\xbf{"prompt": [], "chosen": [], "rejected": []}\r\n', "trl"),
        (b'{"chosen": [], "rejected": []}', "trl"),
        (b'{"chosen": "a", "rejected": "b"}', "trl"),
        (b'{"chosen": "\\n\\nHuman: a", "rejected": ""}', "hh"),
        (b'{"input": {}, "preferred_output": [], "non_preferred_output": []}', "openai"),
        (b'{"conversations": [], "chosen": {}, "rejected": {}}', "sharegpt"),
        (b'{"conversations": []}', "sharegpt"),
        (b'{"prompt": [], "completion": [], "label": true}', "kto"),
        (b'{"messages": [], "label": null}', "kto"),
        (b'{"messages": [], "kto_tag": false}', "kto"),
        (b'{"messages": []}', "sft"),
        (b'{"messages": [], "rejected": null}', "trl"),
        (b'{"messages": [], "candidates": []}', "rankings"),
        (b'{"prompt": "a", "response": "b"}', None),
        (b'{"prompt": "a", "completions": ["b"], "labels": [true]}', None),
        (b'{"instruction": "a", "response": "b"}', None),
        (b'{"text": "a"}', None),
        (b'{"label": true, "text": "a"}', None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_the_format_is_told_from_the_fields(line: bytes, format: str | None) -> None:
    assert detected(line) == format


def test_ratings_are_read_as_ratings_whether_the_format_is_named_or_not() -> None:
    content = lines(RATED, RATED | {"messages": [USER, GOOD], "label": True})
    for format in (None, "auto", "kto"):
        reading, items = taken(content, format)
        assert reading.format == "kto"
        assert [(item.reply, item.good) for item in items] == [
            (BAD["content"], False),
            (GOOD["content"], True),
        ]


@pytest.mark.parametrize("label", ["label", "kto_tag"])
@pytest.mark.parametrize("value", [True, False, None, "bad", 0])
def test_ratings_never_become_demonstrations(label: str, value: Any) -> None:
    record = {"messages": [USER, BAD], label: value}
    assert why(lines(record), "sft")
    for content in (lines(record), lines(SHOWN, record), json.dumps([record])):
        try:
            _, items = taken(content)
        except (ImportRefused, UnknownFormat):
            continue
        assert not any(isinstance(item, Demonstration) for item in items)


@pytest.mark.parametrize(
    "record",
    [
        {"conversations": [USER, BAD], "kto_tag": None},
        {"instruction": "a", "output": "b", "label": None},
        {"instruction": "a", "output": "b", "chosen": "b", "rejected": None},
        {"conversations": [USER, BAD], "chosen": None, "rejected": None},
        {"messages": [USER, BAD], "rejected": "b"},
        {"messages": [USER, BAD], "rating": 1},
        {"messages": [USER, BAD], "score": 0.1},
        {"messages": [USER, BAD], "thumbs": "down"},
        {"prompt": "a", "completion": "b", "is_good": False},
    ],
)
def test_a_record_with_a_verdict_that_is_missing_or_unknown_is_refused(record: dict[str, Any]) -> None:
    assert why(lines(record))


def test_a_line_of_another_format_is_refused_by_its_number() -> None:
    content = lines(SHOWN, SHOWN) * 60 + lines(RATED)
    assert why(content) == [LineError(121, "is in the format `kto`, not `sft`")]
    assert why(lines(PAIR, SHOWN), "trl") == [LineError(2, "is in the format `sft`, not `trl`")]


def test_a_line_of_another_kind_in_the_same_format_is_refused_by_its_number() -> None:
    shown = {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    told = "gives demonstrations, the records before it ratings: put them into two files"
    assert why(lines(shown | {"label": True}, shown)) == [LineError(2, told)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lines({"text": "secret", "meta": {"a": 1}}), "its records have the fields `text`, `meta`"),
        (lines({"a secret in a key": 1}), "its records have the fields a field with an unusual name"),
        (lines(SHOWN, RATED), "its records are in different formats: kto, sft"),
    ],
)
def test_a_file_that_is_not_recognised_is_said_to_be_so_by_its_fields(content: str, told: str) -> None:
    with pytest.raises(UnknownFormat) as refused:
        taken(content)
    assert str(refused.value) == f"Unrecognised file: choose a format; {told}"


@pytest.mark.parametrize("content", ["", "[]", "[ ]\n", "\n\n", "\ufeff"])
def test_a_file_without_records_says_so(content: str) -> None:
    with pytest.raises(UnknownFormat, match=r"^Unrecognised file: it has no records$"):
        taken(content)
    assert taken(content, "trl")[1] == []


def test_a_file_in_which_no_line_can_be_read_is_refused_by_its_lines() -> None:
    assert [error.line for error in why("nonsense\n{}x\n")] == [1, 2]


END = 1 + len(json.dumps(PAIR))
PRETTY = json.dumps(PAIR, indent=2)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([PAIR, PAIR]),
        json.dumps([PAIR, PAIR], indent=4),
        "\ufeff \r\n" + json.dumps([PAIR, PAIR], indent="\t").replace("\n", "\r\n"),
        f"{PRETTY}\n{PRETTY}\n",
        lines(PAIR) + "\n\n" + lines(PAIR),
    ],
)
def test_lines_arrays_and_pretty_printed_json_are_all_read(content: str) -> None:
    reading, items = taken(content)
    assert (reading.format, len(items)) == ("trl", 2)
    assert len(taken(content, "trl")[1]) == 2


def test_an_array_is_read_item_by_item_whatever_their_length() -> None:
    long = PAIR | {"chosen": [{"role": "assistant", "content": "ä" * 300_000}]}
    _, items = taken(json.dumps([PAIR, long, PAIR], ensure_ascii=False))
    assert [len(item.chosen) for item in items] == [17, 300_000, 17]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[{}, 7]", LineError(2, "is not a JSON object")),
        (f"[{json.dumps(PAIR)}", LineError(0, f"is not JSON: Expecting ']' (line 1, column {END + 1})")),
        (
            f"[{json.dumps(PAIR)} {{}}]",
            LineError(0, f"is not JSON: Expecting ',' delimiter (line 1, column {END + 2})"),
        ),
        (f"[\n{json.dumps(PAIR)},\n]", LineError(0, "is not JSON: Expecting value (line 3, column 1)")),
        (f"[{json.dumps(PAIR)}] x", LineError(0, f"is not JSON: Extra data (line 1, column {END + 3})")),
    ],
)
def test_an_array_that_is_not_whole_is_refused(content: str, reason: LineError) -> None:
    assert reason in why(content, "trl")


def zipped(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_dot_", "."), content)
    return made.getvalue()


def test_gzip_and_a_zip_with_one_data_file_are_unpacked() -> None:
    content = lines(PAIR)
    for packed in (
        gzip.compress(content.encode()),
        gzip.compress(content.encode()) + gzip.compress(content.encode()),
        zipped(pairs_dot_jsonl=content, readme_dot_txt="hello"),
        zipped(pairs_dot_json=json.dumps([PAIR])),
    ):
        reading, items = taken(packed)
        assert reading.format == "trl"
        assert isinstance(items[0], PreferencePair)


def test_a_wrapping_that_cannot_be_read_is_refused() -> None:
    two = why(zipped(a_dot_jsonl=lines(PAIR), b_dot_json="[]"))
    assert two == [
        LineError(0, "is a zip with 2 data files: it must have exactly one (.jsonl, .json or .parquet)")
    ]
    assert why(b"PK\x03\x04nonsense") == [LineError(0, "is not a readable zip file")]
    assert why(gzip.compress(b"x" * 1000)[:20] + b"nonsense") == [LineError(0, "is not a readable gzip file")]
    assert why(gzip.compress(lines(PAIR).encode())[:-9]) == [LineError(0, "is a gzip file that is not whole")]


def test_what_unpacks_to_too_much_is_refused() -> None:
    for packed in (gzip.compress(b" " * 3_000_000), zipped(a_dot_jsonl=" " * 3_000_000)):
        with pytest.raises(FileTooLarge):
            taken(packed, "trl", limits=Limits(file=1_000_000))


def parquet(*rows: dict[str, Any]) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), made)
    return made.getvalue()


def test_parquet_is_told_by_its_columns() -> None:
    binarized = {
        "prompt": "How was your day?",
        "prompt_id": "1",
        "chosen": [USER, GOOD],
        "rejected": [USER, BAD],
        "messages": [USER, GOOD],
        "score_chosen": 8.0,
        "score_rejected": 5.0,
    }
    assert taken(parquet(binarized))[0].format == "parquet"
    assert isinstance(taken(parquet(binarized), "trl")[1][0], PreferencePair)
    reading, (rating,) = taken(parquet(RATED))
    assert (reading.format, isinstance(rating, Rating), rating.good) == ("kto", True, False)
    assert taken(parquet(RATED), "parquet")[0].format == "kto"
    assert taken(parquet(SHOWN))[0].format == "sft"
    sides = {f"conversation_{side}": [USER, GOOD] for side in "ab"}
    assert taken(parquet({"winner": "tie", "model_a": "x", "model_b": "y"} | sides))[0].format == "lmarena"


def test_a_parquet_row_without_its_prompt_or_label_says_so() -> None:
    whole, cut = (
        {"prompt": "a", "chosen": "b", "rejected": "c"},
        {"prompt": None, "chosen": "b", "rejected": "c"},
    )
    assert why(parquet(whole, cut)) == [LineError(2, "`prompt` is missing")]
    assert why(parquet(RATED, RATED | {"label": None})) == [LineError(2, "`label` is missing")]


def test_a_look_at_a_file_says_its_format_and_what_it_would_not_use() -> None:
    content = lines(PAIR | {"margin": 1, "id": 7}).encode()
    for format in (None, "trl"):
        seen = look([content], format, Limits())
        assert (seen.format, seen.unread) == ("trl", ("margin",))
    with pytest.raises(UnknownFormat):
        look([b'{"text": 1}'], None, Limits())


def test_what_is_read_does_not_depend_on_how_the_ratings_file_spells_it() -> None:
    assert {kto.rating_id(taken(lines(one))[1][0]) for one in (RATED, {"prompt": [USER], "completion": [BAD], "label": False})} == {
        kto.rating_id(Rating(taken(lines(SHOWN))[1][0].prompt, BAD["content"], False))
    }  # fmt: skip
