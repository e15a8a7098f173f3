"""Single rated replies: those that people rated, and pairs taken apart. Pure, and without any large library."""

from collections.abc import Sequence

from alignment.contract.snapshot import Rating, Snapshot


def rated_replies(snapshot: Snapshot) -> list[Rating]:
    """The ratings of the training side, then each of its pairs as a good and a bad reply.

    A reply that won one comparison and lost another counts on both sides, as often as it did.
    """
    apart = [
        Rating(pair.prompt, reply, good)
        for pair in snapshot.train
        for reply, good in ((pair.chosen, True), (pair.rejected, False))
    ]
    return [*snapshot.ratings, *apart]


def one_sided(ratings: Sequence[Rating]) -> str:
    """Why these ratings teach nothing, in one line; empty if they hold good and bad replies."""
    good = sum(rating.good for rating in ratings)
    if good == len(ratings):
        return "all rated replies are good, and KTO needs bad ones too: rate replies down, or rank some"
    if good == 0:
        return "all rated replies are bad, and KTO needs good ones too: rate replies up, or rank some"
    return ""
