"""Many texts in one row, in which what they begin with is there once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reward_model.collate import Text, chunks, pack, packed_size

TEXTS = st.lists(
    st.lists(st.integers(0, 2), min_size=1, max_size=8).flatmap(
        lambda ids: st.integers(0, len(ids) - 1).map(lambda start: Text(tuple(ids), start))
    ),
    min_size=1,
    max_size=8,
)


def test_a_prompt_is_there_once_for_all_its_replies() -> None:
    packed = pack([Text((1, 2, 3, 5), 3), Text((1, 2, 3, 4), 3), Text((1, 2, 3), 2)])
    assert packed.ids.tolist() == [[1, 2, 3, 4, 5]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 3]]
    assert packed.mask[0, 0, 4].tolist() == [True, True, True, False, True]
    assert packed.last.tolist() == [4, 3, 2]


@settings(deadline=None)  # busy machines
@given(TEXTS)
def test_each_token_sees_exactly_what_comes_before_it_in_its_text(texts: list[Text]) -> None:
    packed = pack(texts)
    for text, last in zip(texts, packed.last.tolist(), strict=True):
        seen = packed.mask[0, 0, last].nonzero().squeeze(-1)
        assert packed.ids[0, seen].tolist() == list(text.ids)
        assert packed.positions[0, seen].tolist() == list(range(len(text.ids)))


@settings(deadline=None)  # busy machines
@given(TEXTS, st.integers(1, 20))
def test_every_text_is_in_one_row_that_is_not_too_long(texts: list[Text], tokens: int) -> None:
    rows = list(chunks(texts, tokens))
    assert sorted(index for row in rows for index in row) == list(range(len(texts)))
    for row in rows:
        size = packed_size([texts[index] for index in row])
        assert size == pack([texts[index] for index in row]).ids.shape[1]
        assert size <= tokens or len(row) == 1 or size == len(texts[row[0]].ids)
