"""The language of text queries: what is typed, and what it asks for."""

from itertools import product

import pytest
from codelynn_argilla.syntax import EVERYTHING, AllOf, AnyOf, Node, Not, Words, parse, wanted
from hypothesis import given
from hypothesis import strategies as st

WORDS = ("red", "green", "blue")
LEAVES = st.sampled_from([Words(word) for word in WORDS])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
NOISE = st.text(alphabet='ab "|+-()*\\~1\0\ud800東', max_size=60)


def holds(node: Node, there: set[str]) -> bool:
    match node:
        case Words(text):
            return text in there
        case Not(part):
            return not holds(part, there)
        case AllOf(parts):
            return all(holds(part, there) for part in parts)
        case AnyOf(parts):
            return any(holds(part, there) for part in parts)


def meaning(node: Node) -> list[bool]:
    """Its truth for every choice of words."""
    choices = product((False, True), repeat=len(WORDS))
    return [
        holds(node, {word for word, there in zip(WORDS, choice, strict=True) if there}) for choice in choices
    ]


def written(node: Node) -> str:
    match node:
        case Words(text):
            return text
        case Not(part):
            return f"-({written(part)})"
        case AllOf(parts):
            return " ".join(f"({written(part)})" for part in parts)
        case AnyOf(parts):
            return " | ".join(f"({written(part)})" for part in parts)


@given(TREES)
def test_a_query_means_what_it_was_written_from(tree: Node) -> None:
    parsed = parse(written(tree))
    assert parsed is not None
    assert meaning(parsed) == meaning(tree)


@given(st.one_of(st.text(), NOISE))
def test_any_text_is_a_query_and_its_words_can_be_stored(text: str) -> None:
    for words in wanted(parse(text)):
        assert words.text.encode("utf-8")
        assert "\0" not in words.text


@pytest.mark.parametrize(
    ("query", "node"),
    [
        ("cat", Words("cat")),
        ("cat*", Words("cat", prefix=True)),
        ("ca\\*", Words("ca*")),
        ("cat~2", Words("cat")),
        ('"a cat"~3', Words("a cat")),
        ('"say \\"cat\\""', Words('say "cat"')),
        ("\\-cat", Words("-cat")),
        ("well-known", Words("well-known")),
        ("+cat", Words("cat")),
        ("- cat", Words("cat")),
        ("--cat", Words("cat")),
        ("-cat", Not(Words("cat"))),
        ('-"a cat"', Not(Words("a cat"))),
        ("a b", AllOf((Words("a"), Words("b")))),
        ("a + b", AllOf((Words("a"), Words("b")))),
        ("a||b", AnyOf((Words("a"), Words("b")))),
        ("a | -b", AnyOf((Words("a"), Not(Words("b"))))),
        ("a -(b | c)", AllOf((Words("a"), Not(AnyOf((Words("b"), Words("c"))))))),
        ("*", EVERYTHING),
    ],
)
def test_operators(query: str, node: Node) -> None:
    assert parse(query) == node


def test_operators_bind_alike_from_left_to_right() -> None:
    assert parse("a b | c d") == AllOf((AnyOf((AllOf((Words("a"), Words("b"))), Words("c"))), Words("d")))


@pytest.mark.parametrize("query", ["", " ", '"', '""', "()", "-", "|", "!? ...", "_", "(|)", "\\", "* *"])
def test_a_query_without_words_asks_for_nothing(query: str) -> None:
    assert parse(query) is None


@pytest.mark.parametrize(
    "query", ["(cat", "cat)", "((cat)", '"cat', 'cat"', "| cat", "cat |", "cat ()", "cat -"]
)
def test_what_is_unbalanced_is_forgiven(query: str) -> None:
    assert parse(query) == Words("cat")


def test_only_wanted_words_make_the_score() -> None:
    assert wanted(parse("a (b | c*) -d")) == [Words("a"), Words("b"), Words("c", prefix=True)]


@pytest.mark.parametrize("sign", ["(", "a(", '"a', "-", "a|", "*", "\\", "~1", "a ", "-("])
def test_endless_input_stays_small(sign: str) -> None:
    parsed = parse(sign * 30_000)
    assert len(wanted(parsed)) <= 128
