"""The arena's shortcuts and notes, folded away below the page. Pure."""

KEYS = (
    (
        "A, B, C, D",
        "choose a reply: of two the better one; of three or four it gets the next place, best first",
    ),
    ("1–4", "the same"),
    ("=", "the next letter shares the last place (three or four replies)"),
    ("Backspace", "take the last place back (three or four replies)"),
    ("Enter", "submit the ranking (three or four replies)"),
    ("T", "tie"),
    ("X", "all bad"),
    ("S", "skip: the pair does not count and does not come back"),
    ("U", "undo; press it again to go back further"),
    ("E", "write it better: write the reply you would have liked"),
    ("Ctrl+Enter", "save your version"),
    ("Esc", "leave a field; what you wrote is kept"),
    ("R", "fresh replies to the same prompt"),
    ("N", "next pair, where it does not come automatically"),
    ("?", "open this help"),
)
NOTES = (
    "Shortcuts are off while typing.",
    "A tie or “all bad” is kept, but the model learns nothing from it. Skip what you cannot judge.",
    "Your version counts as the winner: the model learns from it directly, and it beats every reply that was shown.",
    "The names of the models appear after your vote. You can refresh the page at any time: nothing is lost.",
    "Three or four replies: press letters, pick numbers, or drag a letter onto another reply to take its place. "
    "Replies with the same number are a tie; replies without a number share the last place.",
    "Now and then a pair that you judged long ago comes back with its sides changed, to see how far you agree with yourself.",
)


def shortcuts() -> str:
    rows = "".join(f'<tr><th scope="row"><kbd>{key}</kbd></th><td>{does}</td></tr>' for key, does in KEYS)
    notes = "".join(f"<p>{note}</p>" for note in NOTES)
    return f'<details id="help"><summary>Keys and help</summary><table>{rows}</table>{notes}</details>'
