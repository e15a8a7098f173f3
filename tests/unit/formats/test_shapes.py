"""Small files in the shapes of public data sets, each recognised and read as what it says. The files are in tests/data/shapes."""

from typing import Any

import pytest

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from tests.paths import SHAPES
from tests.unit.formats.values import lines, taken

GOOD, BAD, ASKED = "Sunny, thank you!", "None of your business.", "How was your day?"
PAIR = ("pair", [ASKED], GOOD, BAD)
LED_PAIR = ("pair", ["You are Lynn.", ASKED], GOOD, BAD)
THUMBS = [("rating", [ASKED], GOOD, True), ("rating", [ASKED], BAD, False)]
SHOWN = ("demonstration", [ASKED], GOOD)
BETTER = ("ranking", [ASKED], [[GOOD], [BAD]], False)
VOTES = [
    BETTER,
    BETTER,
    ("ranking", [ASKED], [["a", "b"]], False),
    ("ranking", [ASKED], [["c", "d"]], True),
]
EARLIER = ["Hi", "Hello.", ASKED]

EXPECTED: dict[str, tuple[str, list[Any]]] = {
    "trl_conversational.jsonl": ("trl", [PAIR]),
    "trl_standard.jsonl": ("trl", [PAIR]),
    "trl_implicit_prompt.jsonl": ("trl", [PAIR]),
    "trl_unpaired.jsonl": ("kto", THUMBS),
    "trl_messages.jsonl": ("sft", [SHOWN]),
    "trl_prompt_completion.jsonl": ("sft", [SHOWN]),
    "ultrafeedback_binarized.jsonl": ("trl", [PAIR]),
    "argilla_preferences.jsonl": ("trl", [PAIR]),
    "orca_dpo_pairs.jsonl": ("trl", [LED_PAIR]),
    "multi_turn_pairs.jsonl": (
        "trl",
        [("pair", [ASKED, GOOD, "And tomorrow?"], "Rain, they say.", "No idea.")],
    ),
    "ultrachat.jsonl": (
        "sft",
        [("demonstration", [ASKED, GOOD, "And tomorrow?"], "Rain, they say.")],
    ),
    "hh_rlhf.jsonl": ("hh", [PAIR]),
    "hh_with_prompt.jsonl": ("trl", [("pair", EARLIER, GOOD, BAD)]),
    "llama_factory_dpo.json": ("sharegpt", [LED_PAIR]),
    "llama_factory_kto.json": ("kto", THUMBS),
    "llama_factory_kto_sharegpt.json": ("sharegpt", THUMBS),
    "llama_factory_sft_sharegpt.json": (
        "sharegpt",
        [("demonstration", ["You are Lynn.", *EARLIER], GOOD)],
    ),
    "llama_factory_alpaca_sft.json": (
        "alpaca",
        [("demonstration", ["You are Lynn.", "Hi", "Hello.", "How was it?\nYour day."], GOOD)],
    ),
    "llama_factory_alpaca_dpo.json": ("alpaca", [PAIR]),
    "llama_factory_alpaca_kto.json": ("alpaca", THUMBS),
    "llama_factory_v1_dpo.jsonl": ("trl", [LED_PAIR]),
    "llama_factory_v1_sft.jsonl": ("sft", [SHOWN]),
    "sharegpt_vicuna.json": ("sharegpt", [SHOWN]),
    "sharegpt_slimorca.jsonl": ("sharegpt", [("demonstration", ["You are Lynn.", ASKED], GOOD)]),
    "sharegpt_items.json": ("sharegpt", [SHOWN]),
    "openai_preference.jsonl": ("openai", [PAIR]),
    "openai_sft.jsonl": ("sft", [("demonstration", ["You are Lynn.", "Hi", "What?", ASKED], GOOD)]),
    "ultrafeedback.jsonl": ("ultrafeedback", [("ranking", [ASKED], [[GOOD], [BAD, "Fine."]], False)]),
    "helpsteer2.jsonl": ("helpsteer", [BETTER, ("ranking", EARLIER, [["a", "b"]], False)]),
    "helpsteer2_preference.jsonl": ("helpsteer", [BETTER]),
    "helpsteer3.jsonl": ("helpsteer", [("ranking", EARLIER, [[GOOD], [BAD]], False)]),
    "openwebui_feedback.json": (
        "openwebui",
        [
            ("rating", ["You are Lynn.", ASKED], GOOD, True),
            ("rating", ["You are Lynn.", ASKED], BAD, False),
            ("ranking", ["You are Lynn.", ASKED], [[GOOD], [BAD]], False),
        ],
    ),
    "fastchat_log.jsonl": ("fastchat", [*VOTES, *THUMBS]),
    "lmarena_conversations.jsonl": ("lmarena", VOTES),
    "lmarena_140k.jsonl": ("lmarena", [("ranking", [ASKED], [[BAD, "No."]], True)]),
    "sillytavern_chat.jsonl": (
        "sillytavern",
        [
            ("demonstration", ["Hello there.", "Hi"], "Hey."),
            ("ranking", ["Hello there.", "Hi", "Hey.", ASKED], [[GOOD], [BAD]], False),
        ],
    ),
}
LEFT_OUT = {
    "helpsteer2.jsonl": {"reply that is the only one to its prompt": 1},
    "openwebui_feedback.json": {"feedback without a thumb": 1},
    "fastchat_log.jsonl": {"event without a vote": 1},
    "lmarena_140k.jsonl": {"vote on conversations that differ before the last reply": 1},
    "sillytavern_chat.jsonl": {
        "reply that answers no message of the user": 1,
        "last reply with swipes, of which none was chosen yet": 1,
    },
}


def said(item: Any) -> tuple[Any, ...]:
    match item:
        case PreferencePair():
            return "pair", texts(item.prompt), item.chosen, item.rejected
        case Rating():
            return "rating", texts(item.prompt), item.reply, item.good
        case Demonstration():
            return "demonstration", texts(item.prompt), item.reply
        case Comparison(ranking=ranking) if ranking is not None:
            groups = [[item.candidate(name).text for name in group] for group in ranking.groups]
            return "ranking", texts(item.messages), groups, ranking.all_bad
    raise AssertionError(item)


def texts(prompt: tuple[Message, ...]) -> list[str]:
    return [message.content for message in prompt]


def test_every_file_of_the_folder_is_tried() -> None:
    assert {path.name for path in SHAPES.iterdir()} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_the_shape_of_a_public_set_is_recognised_and_read(name: str) -> None:
    reading, items = taken((SHAPES / name).read_bytes())
    assert (reading.format, [said(item) for item in items]) == EXPECTED[name]
    assert reading.left_out == LEFT_OUT.get(name, {})


@pytest.mark.parametrize("name", EXPECTED)
def test_the_format_may_be_named_as_well(name: str) -> None:
    format, expected = EXPECTED[name]
    _, items = taken((SHAPES / name).read_bytes(), format)
    assert [said(item) for item in items] == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_a_comparison_has_the_same_id_each_time_it_is_read(name: str) -> None:
    first, again = (taken((SHAPES / name).read_bytes())[1] for _ in range(2))
    ids = [[item.id for item in items if isinstance(item, Comparison)] for items in (first, again)]
    assert ids[0] == ids[1]


def test_the_names_of_models_and_the_notes_come_along() -> None:
    (pair,) = taken((SHAPES / "argilla_preferences.jsonl").read_bytes())[1]
    assert (pair.chosen_model, pair.rejected_model) == ("gpt-4", "pythia-12b")
    (ranked,) = taken((SHAPES / "helpsteer3.jsonl").read_bytes())[1]
    assert [(one.annotator, one.groups, one.note) for one in ranked.others] == [
        ("annotator1", (("c1",), ("c2",)), "Kinder."),
        ("annotator2", (("c1", "c2"),), "No difference."),
    ]
    *_, compared = taken((SHAPES / "openwebui_feedback.json").read_bytes())[1]
    assert ([one.model for one in compared.candidates], compared.ranking.note) == (
        ["llama3", "gemma2"],
        "kind",
    )
    first, *_ = taken((SHAPES / "fastchat_log.jsonl").read_bytes())[1]
    assert [one.model for one in first.candidates] == ["vicuna-7b", "koala-13b"]


def test_a_chat_that_has_grown_too_long_is_kept_as_far_as_it_goes() -> None:
    long = {"name": "Anna", "is_user": True, "mes": "x" * 600_000}
    reply = {"name": "Lynn", "is_user": False, "mes": "Oh."}
    reading, items = taken(lines({"user_name": "Anna", "character_name": "Lynn"}, long, reply, long, reply))
    assert [said(item)[2] for item in items] == ["Oh."]
    told = "reply that cannot be stored: the conversation is longer than 1,000,000 characters"
    assert reading.left_out == {told: 1}
