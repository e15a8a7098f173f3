"""PandaLM's test set: a JSON array of pairs, each ranked by three annotators. Read only.

https://github.com/WeOpenML/PandaLM (data/testset-v1.json)
No annotator decides: all three rankings are stored as `others` of the comparison.
"""

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.formats import fields
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record, content_id

ANNOTATORS = ("annotator1", "annotator2", "annotator3")
REPLIES = ("response1", "response2")
GROUPS = {0: (("c1", "c2"),), 1: (("c1",), ("c2",)), 2: (("c2",), ("c1",))}
SOURCE = "import:pandalm"
USED = frozenset({"cmp_key", "instruction", "input", *REPLIES, *ANNOTATORS})


def load(item: Record) -> Comparison:
    """An open comparison with the annotators' rankings. Raises BadRecord."""
    prompt, replies, models = _prompt(item), [_reply(item, name) for name in REPLIES], _models(item)
    preferences = {name: _preference(item, name) for name in ANNOTATORS}
    content = {"prompt": prompt, "replies": replies, "models": models, "verdicts": preferences}
    return Comparison(
        messages=fields.prompt([Message("user", prompt)]),
        candidates=tuple(
            Candidate(f"c{i}", i, model, text, finish="imported")
            for i, (model, text) in enumerate(zip(models, replies, strict=True), start=1)
        ),
        id=content_id("pandalm", content),
        status=ComparisonStatus.open,
        source=SOURCE,
        others=tuple(
            Ranking(GROUPS[preference], annotator=name, source=SOURCE)
            for name, preference in preferences.items()
        ),
    )


def _prompt(record: Record) -> str:
    """The instruction and, after an empty line, its input if there is one."""
    instruction = fields.as_text(fields.required(record, "instruction"), "instruction")
    input_text = fields.as_text(record.get("input") or "", "input")
    return "\n\n".join(part for part in (instruction, input_text) if part.strip())


def _reply(record: Record, name: str) -> str:
    """A reply, which may be empty. Some replies that were the word `true` were converted to a bare `true`."""
    value = fields.required(record, name)
    return fields.encodable(str(value) if isinstance(value, bool) else fields.as_text(value, name), name)


def _preference(record: Record, name: str) -> int:
    value = fields.required(record, name)
    if isinstance(value, bool) or not isinstance(value, int) or value not in GROUPS:
        raise BadRecord(f"`{name}` must be 1 or 2, the better reply, or 0 for a tie")
    return value


def _models(record: Record) -> tuple[str, str]:
    """The models' names from `cmp_key`, which joins them."""
    first, _, second = fields.short_name(record, "cmp_key", "").partition("_")
    return (first, second) if first and second and "_" not in second else ("imported", "imported")
