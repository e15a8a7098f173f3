"""Style features of a reply: length, punctuation, openings, and words of tone in English and German.

A fixed, short description in which a person's taste shows after few votes; what a reply is about is left out on
purpose. The groups of words follow the politeness strategies of Danescu-Niculescu-Mizil et al. (2013, table 3) and
what the tone tags of the arena name (warm, formal, brief, direct, playful …).
"""

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SENTENCE_END = re.compile(r"[.!?…。！？]+(?:\s+|$)|\n+")
SMILEY = re.compile(r"[:;=]-?[)D(P/|]|[\U0001F300-\U0001FAFF☀-➿]")
LINK = re.compile(r"https?://|<url>", re.IGNORECASE)
LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
EMPHASIS = re.compile(r"\*\*|__|\b[A-ZÄÖÜ]{3,}\b")
ASKS_TO = re.compile(r"\b(?:could|would|can|will|may|might) (?:you|i|we)\b", re.IGNORECASE)
BESIDES = re.compile(r"\bby the way\b|\bbtw\b|\bübrigens\b", re.IGNORECASE)
MARKS = "?!.,:;()-\"'`"

WORDS = {
    name: frozenset(words.split())
    for name, words in {
        "hedge": "maybe perhaps possibly probably might seems seem guess think suppose somewhat kind sort bit little"
        " wondering wonder vielleicht wohl eventuell vermutlich glaube denke scheint etwas",
        "please": "please pls bitte",
        "thanks": "thanks thank thx appreciate grateful danke dank",
        "sorry": "sorry apologies apologise apologize pardon excuse leider entschuldigung verzeihung",
        "greeting": "hi hello hey dear greetings hallo liebe lieber servus moin",
        "may": "could would may könnte könnten würde würden dürfte",
        "must": "can will should must muss musst sollte sollst kannst",
        "i": "i me my mine i'm i've i'd i'll ich mich mir mein meine",
        "we": "we us our we're let's wir uns unser",
        "you": "you your you're yours you've du dich dir dein deine sie ihnen ihr ihre",
        "not": "no not don't doesn't didn't isn't can't won't never nothing wrong bad nein nicht nie nichts kein falsch",
        "question": "what why how who when where which was warum wie wer wann wo welche",
        "really": "actually really fact obviously clearly just simply eigentlich wirklich einfach klar offensichtlich",
        "but": "but however though although aber jedoch obwohl doch",
        "praise": "good great nice interesting excellent awesome love lovely cool best helpful wonderful happy glad"
        " gut toll schön super wunderbar gern gerne freut",
        "this": "this that it these those das dies es",
        "and": "so then and or also dann und oder auch",
        "try": "tried trying try want need help know versucht möchte brauche hilfe",
        "be": "is are was were be bin ist sind war",
        "do": "do does did have has habe hat tun",
        "formal": "therefore furthermore moreover regarding hence thus kindly sincerely daher ferner bezüglich",
        "slang": "yeah yep nope gonna wanna gotta lol dude ok okay stuff guys krass geil quatsch",
        "feeling": "feel feels feeling hope wish care sad worry understand fühle hoffe wünsche verstehe traurig",
    }.items()
}  # fmt: skip
OPENINGS = (
    "please",
    "thanks",
    "sorry",
    "greeting",
    "you",
    "question",
    "i",
    "and",
    "may",
    "must",
    "do",
    "be",
    "not",
)
COUNTS = 18
FEATURES = COUNTS + len(MARKS) + len(WORDS) + len(OPENINGS)


def style_features(text: str) -> Array:
    """Shape (FEATURES,). Counts enter as log(1 + n): the second exclamation mark says less than the first."""
    words = [word.lower().replace("’", "'") for word in WORD.findall(text)]
    marks = [math.log1p(text.count(mark)) for mark in MARKS]
    tones = [math.log1p(sum(word in group for word in words)) for group in WORDS.values()]
    first = words[0] if words else ""
    openings = [float(first in WORDS[name]) for name in OPENINGS]
    return np.array([*_shape(text, words), *marks, *tones, *openings])


def _shape(text: str, words: Sequence[str]) -> list[float]:
    """Length, sentences, and how the text looks. An empty text is all zeros."""
    n, letters = max(len(words), 1), max(len(text), 1)
    sentences = [part for part in SENTENCE_END.split(text) if part.strip()]
    return [
        math.log1p(len(text)),
        math.log1p(len(words)),
        math.log1p(len(words) / max(len(sentences), 1)),
        math.log1p(len(sentences)),
        sum(map(len, words)) / n,
        len(set(words)) / n if words else 0.0,
        sum(char.isupper() for char in text) / letters,
        sum(char.isdigit() for char in text) / letters,
        sum(ord(char) > 0x24F for char in text) / letters,
        float(text[:1].isupper()),
        float(text.rstrip().endswith(("?", "？"))),
        float("..." in text or "…" in text),
        float(bool(SMILEY.search(text))),
        float(bool(LINK.search(text))),
        math.log1p(len(LIST_ITEM.findall(text))),
        math.log1p(len(EMPHASIS.findall(text))),
        math.log1p(len(ASKS_TO.findall(text))),
        float(bool(BESIDES.search(text))),
    ]
