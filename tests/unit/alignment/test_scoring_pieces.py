"""A long request is asked in pieces, between which others have their turn."""

from alignment.scoring_process import LARGEST_PIECE, PIECE, Item, pieces


def items(*counts: int) -> list[Item]:
    """So many replies to each of several prompts."""
    return [
        ([{"role": "user", "content": f"prompt {prompt}"}], f"reply {number}")
        for prompt, count in enumerate(counts)
        for number in range(count)
    ]


def sizes(asked: list[Item]) -> list[int]:
    found = list(pieces(asked))
    assert [item for piece in found for item in piece] == asked
    return [len(piece) for piece in found]


def test_nothing_is_no_piece_and_little_is_one() -> None:
    assert sizes([]) == []
    assert sizes(items(1)) == [1]
    assert sizes(items(4, 4, 4)) == [12]


def test_replies_to_one_prompt_stay_together() -> None:
    assert sizes(items(PIECE - 1, 5, 3)) == [PIECE + 4, 3]
    assert sizes(items(PIECE, 2)) == [PIECE, 2]


def test_no_piece_is_endless() -> None:
    assert sizes(items(2 * LARGEST_PIECE + 1)) == [LARGEST_PIECE, LARGEST_PIECE, 1]
