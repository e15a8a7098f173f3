"""The dataset card of a snapshot, which makes `datasets.load_dataset(folder, table)` read it. Pure."""

from alignment.contract.snapshot.schema import DEMONSTRATIONS, PAIRS, RANKINGS, RATINGS, Manifest

CARD = "README.md"
COUNTED = {PAIRS: "pairs", RANKINGS: "rankings", RATINGS: "ratings", DEMONSTRATIONS: "demonstrations"}
"""The tables, and the name under which a manifest counts their rows."""


def card(manifest: Manifest) -> str:
    """The text of the card. Empty tables are left out, since the library refuses them."""
    tables = [table for table, count in COUNTED.items() if manifest.counts.get(count)]
    configs = "".join(_config(table, default=table == tables[0]) for table in tables)
    front = f"---\nconfigs:\n{configs}---\n\n" if tables else ""
    lines = "\n".join(f"- `{count}`: {manifest.counts.get(count, 0):,}" for count in COUNTED.values())
    return (
        f"{front}# Snapshot {manifest.hash[:8]}\n\n"
        "codeLynn wrote this snapshot for a training round. The column `split` says on which side a prompt falls.\n\n"
        f"{lines}\n"
    )


def _config(table: str, default: bool) -> str:
    stem = table.removesuffix(".parquet")
    first = "    default: true\n" if default else ""
    return f"  - config_name: {stem}\n{first}    data_files: {stem}*.parquet\n"
