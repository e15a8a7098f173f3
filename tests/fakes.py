"""The only fakes: parts that speak the real protocols with set answers."""

import math
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from feedback_app.desks.base import OWNER, DeskProblem, DeskRanking, DeskRecord, Pulled, Pushed
from feedback_app.engines.base import Delta, EngineUnavailable, GenerationRequest, UnknownModel


class ScriptedEngine:
    """An Engine that gives set replies, word by word, all requests interleaved.

    `replies` maps a model name to its replies, used in turn and then over again. Set `broken` to make every call
    fail with EngineUnavailable. `requests` keeps what was asked, `closed_early` counts iterators closed before the end.
    """

    def __init__(self, replies: Mapping[str, Sequence[str]] | None = None) -> None:
        given = replies or {"base": ("A short reply.", "Another reply.")}
        self.replies = {name: list(texts) for name, texts in given.items()}
        self.requests: list[GenerationRequest] = []
        self.loaded: list[str] = []
        self.closed_early = 0
        self.closed = False
        self.broken = ""
        self._asked = dict.fromkeys(self.replies, 0)

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        if self.broken:
            raise EngineUnavailable(self.broken)
        self.requests += requests
        return self._stream([self._next_reply(request.model) for request in requests], requests)

    def models(self) -> list[str]:
        return list(self.loaded)

    def load(self, name: str) -> None:
        self._check(name)
        if name not in self.loaded:
            self.loaded.append(name)

    def close(self) -> None:
        self.closed = True

    def _check(self, name: str) -> None:
        if self.broken:
            raise EngineUnavailable(self.broken)
        if name not in self.replies:
            raise UnknownModel(f"there is no model {name!r}; there are: {', '.join(sorted(self.replies))}")

    def _next_reply(self, name: str) -> str:
        self.load(name)
        texts = self.replies[name]
        reply = texts[self._asked[name] % len(texts)]
        self._asked[name] += 1
        return reply

    def _stream(
        self, replies: Sequence[str], requests: Sequence[GenerationRequest]
    ) -> Generator[Delta, None, None]:
        """One word of every reply at a time. A word counts as a token, of prompts too."""
        words = [reply.split(" ") for reply in replies]
        limits = [request.sampling.max_new_tokens for request in requests]
        prompts = [sum(len(turn.content.split()) for turn in request.messages) for request in requests]
        try:
            for step in range(max((len(reply) for reply in words), default=0)):
                for index, reply in enumerate(words):
                    if step < min(len(reply), limits[index]):
                        delta = _word(index, reply, step, limits[index])
                        yield replace(delta, prompt_tokens=prompts[index], new_tokens=step + 1)
        except GeneratorExit:
            self.closed_early += 1
            raise


def _word(index: int, words: Sequence[str], step: int, limit: int) -> Delta:
    text = words[step] if step == 0 else " " + words[step]
    if step == len(words) - 1:
        return Delta(index, text, "stop")
    return Delta(index, text, "length" if step == limit - 1 else None)


class RecordingDesk:
    """An AnnotationDesk in memory: it keeps what it is given, and what annotators are made to say.

    `errors` are raised first, one a call, None for a good call; `refuses` is comparison id -> reason.
    """

    def __init__(self, *errors: Exception | None, name: str = "argilla") -> None:
        self.name = name
        self.records: dict[str, DeskRecord] = {}
        self.verdicts: dict[tuple[str, str], DeskRanking] = {}
        self.problems: list[DeskProblem] = []
        self.refuses: dict[str, str] = {}
        self.calls = 0
        self.mark = 0
        self.annotators: frozenset[str] | None = None
        self._errors = list(errors)

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        self._answer()
        taken = [record for record in records if record.comparison_id not in self.refuses]
        for record in taken:
            self.records[record.comparison_id] = record
            key = (record.comparison_id, OWNER)
            self.verdicts.pop(key, None)
            if (verdict := _said(record)) is not None:
                self.verdicts[key] = verdict
        kept = [self.verdicts.get((record.comparison_id, OWNER)) for record in taken]
        refused = {r.comparison_id: self.refuses[r.comparison_id] for r in records if r not in taken}
        return Pushed(tuple(verdict for verdict in kept if verdict), refused)

    def pull(self, mark: str) -> Pulled | None:
        self._answer()
        if mark == str(self.mark):
            return None
        listed = frozenset(self.records)
        said = tuple(self.verdicts.values())
        return Pulled(str(self.mark), listed, said, tuple(self.problems), self.annotators)

    def say(self, verdict: DeskRanking) -> None:
        """An annotator answers at the desk."""
        self.mark += 1
        self.verdicts[verdict.comparison_id, verdict.annotator] = verdict

    def unsay(self, comparison_id: str, annotator: str) -> None:
        self.mark += 1
        del self.verdicts[comparison_id, annotator]

    def delete(self, comparison_ids: Collection[str]) -> None:
        self._answer()
        self.records = {key: kept for key, kept in self.records.items() if key not in comparison_ids}
        self.verdicts = {key: kept for key, kept in self.verdicts.items() if key[0] not in comparison_ids}

    def health(self) -> bool:
        return True

    def close(self) -> None: ...

    def _answer(self) -> None:
        self.calls += 1
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error


def _said(record: DeskRecord) -> DeskRanking | None:
    if record.skipped:
        return DeskRanking(record.comparison_id, OWNER, "discarded", at=record.created_at)
    if record.ranking is None:
        return None
    place = {name: i for i, (name, _, _) in enumerate(record.candidates, start=1)}
    order = tuple(tuple(sorted(place[name] for name in group)) for group in record.ranking)
    more = (record.all_bad, record.aspects, record.note, record.edit)
    return DeskRanking(record.comparison_id, OWNER, "submitted", order, *more, at=record.created_at)


class LongerIsBetter:
    """A LiveReward that knows one thing: how often the longer of two replies was preferred.

    `read_texts` keeps what it was asked about. Set `broken` to make every call fail with an error that quotes the text.
    """

    def __init__(self) -> None:
        self.verdicts: dict[str, tuple[int, int]] = {}
        self.read_texts: list[str] = []
        self.broken = False

    def chances(self, prompt: object, replies: Sequence[str]) -> tuple[float, ...] | None:
        self._check(replies)
        self.read_texts += replies
        if not self.verdicts:
            return None
        lengths = [len(reply) for reply in replies]
        scores = [math.exp(self._weight() * math.tanh((n - max(lengths)) / 20)) for n in lengths]
        return tuple(score / sum(scores) for score in scores)

    def learn(self, key: str, prompt: object, replies: Sequence[str], places: Sequence[int]) -> None:
        self._check(replies)
        pairs = list(combinations(range(len(replies)), 2))
        signs = [(len(replies[i]) - len(replies[j])) * (places[j] - places[i]) for i, j in pairs]
        self.verdicts[key] = (sum(sign > 0 for sign in signs), sum(sign < 0 for sign in signs))

    def forget(self, key: str) -> None:
        self.verdicts.pop(key, None)

    def informative_pair(
        self, prompt: object, replies: Sequence[str], allowed: Sequence[tuple[int, int]]
    ) -> tuple[int, int]:
        self._check(replies)
        return min(allowed, key=lambda pair: abs(len(replies[pair[0]]) - len(replies[pair[1]])))

    @property
    def votes(self) -> int:
        return len(self.verdicts)

    def _weight(self) -> float:
        """Log odds that the longer reply is preferred, with one virtual vote for either side."""
        longer = sum(won for won, _ in self.verdicts.values())
        return math.log((longer + 1) / (sum(lost for _, lost in self.verdicts.values()) + 1))

    def _check(self, replies: Sequence[str]) -> None:
        if self.broken:
            raise RuntimeError(f"cannot read {replies}")


class ShorterIsBetter:
    """A Scorer that likes short replies; None while `knows` is off. `scored` keeps what it was asked to score."""

    name = "a fake"

    def __init__(self, knows: bool = True) -> None:
        self.knows = knows
        self.scored: list[tuple[str, ...]] = []

    def score(self, messages: object, replies: Sequence[str]) -> list[float] | None:
        if not self.knows:
            return None
        if replies:
            self.scored.append(tuple(replies))
        return [-float(len(reply)) for reply in replies]
