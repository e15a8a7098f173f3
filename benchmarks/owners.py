"""Simulated owners: each prefers one property of a reply, defined by a rule in this file."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

Owner = Callable[[str], float]
"""The owner's utility of a reply; higher is better. Equal utilities are a tie."""

WORD = re.compile(r"[A-Za-z']+")
WARM_WORDS = frozenset(
    [
        "glad",
        "happy",
        "love",
        "lovely",
        "wonderful",
        "great",
        "proud",
        "sorry",
        "care",
        "caring",
        "kind",
        "kindness",
        "friend",
        "warm",
        "welcome",
        "enjoy",
        "hope",
        "hug",
        "heart",
        "gentle",
        "gently",
        "thank",
        "thanks",
        "amazing",
        "beautiful",
        "exciting",
        "excited",
        "joy",
        "dear",
        "delight",
        "delightful",
        "comfort",
        "support",
        "supportive",
        "understand",
        "appreciate",
        "hear",
        "feel",
        "feeling",
        "feelings",
        "together",
        "safe",
        "cheer",
        "cheerful",
        "smile",
        "best",
        "luck",
        "congratulations",
        "special",
        "wish",
        "encourage",
        "brave",
        "strong",
    ]
)
YOU_WORDS = frozenset(["you", "your", "you're", "you've", "you'll", "yours", "yourself"])
POLITENESS_ANNOTATOR = "A233ONYNWKDIYF"


WISHES = {
    "short": "Reply in as few words as you can.",
    "warm": "Be very warm and encouraging, and speak to the person directly.",
    "asks": "Always end by asking the person a question.",
    "polite": "Be very polite: thank people, and ask gently.",
}
"""What each owner would write into a system prompt."""


SENTENCE = re.compile(r"[^.!?]*[.!?]*")
EDITS: dict[str, Callable[[str], str]] = {
    "short": lambda reply: _opening(reply, 1),
    "warm": lambda reply: (
        f"I'm so glad you asked! {_opening(reply, 2)} I hope it goes well for you, dear friend!"
    ),
    "asks": lambda reply: f"{_opening(reply, 1)} What do you think?",
    "polite": lambda reply: (
        f"Thank you for asking. {_opening(reply, 2)} May I help you with anything else, please?"
    ),
}
"""How each owner would rewrite a reply."""


def _opening(reply: str, sentences: int) -> str:
    found = [match.group().strip() for match in SENTENCE.finditer(reply) if match.group().strip()]
    return " ".join(found[:sentences])


def short(reply: str) -> float:
    """Fewer words are better; an empty reply is worst."""
    return -float(len(reply.split())) if reply.strip() else -1000.0


def warm(reply: str) -> float:
    """Warm words, "you" and exclamation marks per word, so that length alone does not matter."""
    words = [word.lower() for word in WORD.findall(reply)]
    if not words:
        return -1.0
    warmth = sum(word in WARM_WORDS for word in words) + 0.5 * sum(word in YOU_WORDS for word in words)
    return (warmth + 0.5 * reply.count("!")) / (len(words) + 8)


def asks(reply: str) -> float:
    """Prefers replies with questions: most of all a question mark at the end, less so questions elsewhere."""
    text = reply.strip()
    return -1.0 if not text else float(text.endswith("?")) + 0.25 * min(text.count("?"), 2)


def polite(ratings: Path, annotator: str = POLITENESS_ANNOTATOR) -> Owner:
    """A noisy owner, learned from one person's politeness ratings (Danescu-Niculescu-Mizil et al. 2013).

    `ratings` is the Stack Exchange part of the Stanford politeness corpus as CSV. Ridge regression on TF-IDF.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    texts, scores = [], []
    with ratings.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for i in range(1, 6):
                if row[f"TurkId{i}"] == annotator:
                    texts.append(row["Request"])
                    scores.append(float(row[f"Score{i}"]))
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=4, sublinear_tf=True, token_pattern=r"[a-z']+|[?!]")  # noqa: S106
    model = Ridge(alpha=2.0).fit(vectors.fit_transform(texts), np.array(scores))
    return lambda reply: float(model.predict(vectors.transform([reply]))[0]) if reply.strip() else -50.0


def owners(ratings: Path | None) -> dict[str, Owner]:
    """All owners; `polite` only if its ratings are given."""
    known: dict[str, Owner] = {"short": short, "warm": warm, "asks": asks}
    return known if ratings is None else {**known, "polite": polite(ratings)}
