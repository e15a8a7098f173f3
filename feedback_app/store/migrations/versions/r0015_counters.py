"""Counters that triggers keep, and the indices that votes and pages read by, so that nothing that is asked often counts rows.

SQLite changes the one row of a counter. On PostgreSQL each statement adds rows with what it changed, so that two transactions
never wait for each other; `store/counters.py` adds them up.
"""

# ruff: noqa: S608 - these statements hold nothing but what is written here

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# In every expression, {row} is the row that is counted.
BUCKET = "substr(prompt_key, 1, 3)"
OUTCOME = "CASE {row}.correct WHEN 1.0 THEN 'right' WHEN 0.0 THEN 'wrong' WHEN 0.5 THEN 'tie' ELSE 'open' END"
QUEUED = "{row}.desk || CASE WHEN {row}.refused THEN ':refused' ELSE ':pending' END"
OF_OTHERS = (
    "(SELECT coalesce(sum(o.pairs), 0) FROM annotations o WHERE o.comparison_id = {row}.comparison_id)"
)
NO_RANKING = "NOT EXISTS (SELECT 1 FROM rankings o WHERE o.comparison_id = {row}.comparison_id)"
GROUPED = {
    "comparisons": ("comparisons", "{row}.status"),
    "annotators": ("rankings", "{row}.annotator"),
    "others": ("annotations", "{row}.annotator"),
    "guesses": ("guesses", OUTCOME),
    "outbox": ("outbox", QUEUED),
    "ratings": ("ratings", "CASE WHEN {row}.good THEN 'good' ELSE 'bad' END"),
    "demonstrations": ("demonstrations", "''"),
}
"""Counters with a number for each value of an expression: name -> (table, expression)."""
SUMS = {
    "pairs": "{row}.pairs",
    "ties": "{row}.ties",
    "all_bad": "CASE WHEN {row}.all_bad THEN 1 ELSE 0 END",
    "edits": "CASE WHEN {row}.edit IS NULL THEN 0 ELSE 1 END",
}
"""What the rankings that count are summed by."""
PROMPT_PAIRS = {
    "rankings": ("{row}.pairs - " + OF_OTHERS, "1 = 1"),
    "annotations": ("{row}.pairs", NO_RANKING),
}
"""The pairs that a round can learn from, by the beginning of the prompt's key: table -> (how many, under which condition)."""
WATCHED = ("comparisons", "rankings", "annotations", "guesses", "outbox", "ratings", "demonstrations")
EVENTS = ("INSERT", "UPDATE", "DELETE")
CHILDREN = (
    "DELETE FROM rankings WHERE comparison_id = OLD.id; DELETE FROM annotations WHERE comparison_id = OLD.id;"
)
"""Before its comparison, so that the key of the prompt is still known when a ranking is counted off."""


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_counters_name_bucket", "counters", ["name", "bucket"])
    _indices()
    _count()
    if _on_postgresql():
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def downgrade() -> None:
    for table in WATCHED:
        for event in (*EVENTS, "BEFORE"):
            on = f" ON {table}" if _on_postgresql() else ""
            _run(f"DROP TRIGGER IF EXISTS count_{table}_{event.lower()}{on}")
        if _on_postgresql():
            _run(f"DROP FUNCTION count_{table}()")
    if _on_postgresql():
        _run("DROP FUNCTION count_before_deletion()")
    op.drop_table("counters")
    for name, table in (
        ("ix_rankings_annotator_created_at_comparison_id", "rankings"),
        ("ix_rankings_met_annotator", "rankings"),
        ("ix_rankings_comparison_id", "rankings"),
        ("ix_guesses_created_at_comparison_id", "guesses"),
        ("ix_comparisons_repeat_of", "comparisons"),
        ("ix_comparisons_source_created_at_id", "comparisons"),
        ("ix_outbox_desk_refused_id", "outbox"),
    ):
        op.drop_index(name, table)
    op.create_index("ix_comparisons_repeat_of", "comparisons", ["repeat_of"])
    op.create_index("ix_outbox_refused_due_at", "outbox", ["refused", "due_at"])


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)


def _indices() -> None:
    op.create_index(
        "ix_rankings_annotator_created_at_comparison_id",
        "rankings",
        ["annotator", "created_at", "comparison_id"],
    )
    _partial("ix_rankings_met_annotator", "rankings", ["met", "annotator"], "met != ''")
    _partial("ix_rankings_comparison_id", "rankings", ["comparison_id"], "edit IS NOT NULL")
    _partial(
        "ix_guesses_created_at_comparison_id",
        "guesses",
        ["created_at", "comparison_id"],
        "correct IS NOT NULL",
    )
    op.drop_index("ix_comparisons_repeat_of", "comparisons")
    _partial("ix_comparisons_repeat_of", "comparisons", ["repeat_of"], "repeat_of IS NOT NULL")
    waiting = "status IN ('generating', 'open')"
    _partial("ix_comparisons_source_created_at_id", "comparisons", ["source", "created_at", "id"], waiting)
    op.drop_index("ix_outbox_refused_due_at", "outbox")
    op.create_index("ix_outbox_desk_refused_id", "outbox", ["desk", "refused", "id"])


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _count() -> None:
    """Count what is stored now."""
    for name, (table, bucket) in GROUPED.items():
        _run(_added(f"SELECT '{name}', {_of(bucket, 'r')}, count(*) FROM {table} r GROUP BY 2"))
    for name, value in SUMS.items():
        _run(_added(f"SELECT '{name}', '', coalesce(sum({_of(value, 'r')}), 0) FROM rankings r"))
    _run(_added("VALUES ('changes', '', 0)"))
    alone = f"SELECT comparison_id, pairs FROM annotations r WHERE {_of(NO_RANKING, 'r')}"
    pairs = f"SELECT comparison_id, pairs FROM rankings UNION ALL {alone}"
    joined = f"({pairs}) p JOIN comparisons c ON c.id = p.comparison_id"
    _run(_added(f"SELECT 'prompt_pairs', {BUCKET}, sum(p.pairs) FROM {joined} GROUP BY 2"))


def _added(rows: str) -> str:
    return f"INSERT INTO counters (name, bucket, value) {rows}"


def _of(expression: str, row: str) -> str:
    return expression.replace("{row}", row)


def _sqlite_triggers() -> None:
    for table in WATCHED:
        for event in EVENTS:
            rows = [("OLD", "-")] * (event != "INSERT") + [("NEW", "+")] * (event != "DELETE")
            steps = [step for row, sign in rows for step in _sqlite_steps(table, row, sign)]
            if table in PROMPT_PAIRS:
                steps.append("UPDATE counters SET value = value + 1 WHERE name = 'changes'")
            body = " ".join(f"{step};" for step in steps)
            _run(f"CREATE TRIGGER count_{table}_{event.lower()} AFTER {event} ON {table} BEGIN {body} END")
    _run(f"CREATE TRIGGER count_comparisons_before BEFORE DELETE ON comparisons BEGIN {CHILDREN} END")


def _sqlite_steps(table: str, row: str, sign: str) -> list[str]:
    """The statements that count a row, where the sign is +, or count it off."""
    steps = []
    for name, (source, bucket) in GROUPED.items():
        if source == table:
            steps += _sqlite_change(name, _of(bucket, row), f"{sign} 1")
    if table == "rankings":
        cases = " ".join(f"WHEN '{name}' THEN {_of(value, row)}" for name, value in SUMS.items())
        named = ", ".join(f"'{name}'" for name in SUMS)
        steps.append(
            f"UPDATE counters SET value = value {sign} CASE name {cases} END WHERE name IN ({named})"
        )
    if table in PROMPT_PAIRS:
        pairs, condition = (_of(part, row) for part in PROMPT_PAIRS[table])
        bucket = f"(SELECT {BUCKET} FROM comparisons WHERE id = {row}.comparison_id)"
        steps += [
            f"{step} AND {condition}" for step in _sqlite_change("prompt_pairs", bucket, f"{sign} ({pairs})")
        ]
    return steps


def _sqlite_change(name: str, bucket: str, change: str) -> list[str]:
    one = f"name = '{name}' AND bucket = {bucket}"
    return [
        _added(f"SELECT '{name}', {bucket}, 0 WHERE NOT EXISTS (SELECT 1 FROM counters WHERE {one})"),
        f"UPDATE counters SET value = value {change} WHERE {one}",
    ]


def _postgresql_triggers() -> None:
    for table in WATCHED:
        _run(
            f"CREATE FUNCTION count_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP <> 'INSERT' THEN {_postgresql_steps(table, 'old_rows', '-')} END IF; "
            f"IF TG_OP <> 'DELETE' THEN {_postgresql_steps(table, 'new_rows', '')} END IF; RETURN NULL; END $$"
        )
        for event in EVENTS:
            old = "OLD TABLE AS old_rows" if event != "INSERT" else ""
            new = "NEW TABLE AS new_rows" if event != "DELETE" else ""
            _run(
                f"CREATE TRIGGER count_{table}_{event.lower()} AFTER {event} ON {table} REFERENCING {old} {new} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION count_{table}()"
            )
    _run(
        f"CREATE FUNCTION count_before_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {CHILDREN} RETURN OLD; END $$"
    )
    _run(
        "CREATE TRIGGER count_comparisons_before BEFORE DELETE ON comparisons "
        "FOR EACH ROW EXECUTE FUNCTION count_before_deletion()"
    )


def _postgresql_steps(table: str, rows: str, sign: str) -> str:
    """The statements that count the rows of a statement, or count them off where the sign is -."""
    steps = [
        f"SELECT '{name}', {_of(bucket, 'r')}, {sign}count(*) FROM {rows} r GROUP BY 2"
        for name, (source, bucket) in GROUPED.items()
        if source == table
    ]
    if table == "rankings":
        sums = {name: f"sum({_of(value, 'r')})" for name, value in SUMS.items()}
        steps += [
            f"SELECT '{name}', '', {sign}{sum_} FROM {rows} r HAVING {sum_} <> 0"
            for name, sum_ in sums.items()
        ]
    if table in PROMPT_PAIRS:
        pairs, condition = (_of(part, "r") for part in PROMPT_PAIRS[table])
        joined = f"{rows} r JOIN comparisons c ON c.id = r.comparison_id"
        steps.append(
            f"SELECT 'prompt_pairs', {BUCKET}, {sign}sum({pairs}) FROM {joined} WHERE {condition} GROUP BY 2"
        )
        steps.append(f"SELECT 'changes', '', count(*) FROM {rows} HAVING count(*) > 0")
    return " ".join(f"{_added(step)};" for step in steps)
