"""Packing a data folder into an archive that names no machine, and unpacking it anywhere.

A data folder holds its own address: in `spec.json`, in the table of checkpoints and in the name of the prepared base model.
So the archive says `PLACE` wherever the folder said where it lay, and `unpack` says where it lies now.
"""

import hashlib
import shutil
import sqlite3
import tarfile
from pathlib import Path

PLACE = Path("/codelynn-home")
"""The placeholder for the folder's path in its files."""
LEFT_OUT = ("run", "logs", "secrets", "valkey", "*.log", "*.lock", ".*.lock", "codelynn.db-*")
"""Files that belong to one run on one machine."""
TEXTS = {".json", ".jsonl"}


def pack(home: Path, archive: Path) -> None:
    """Pack the folder into `archive`. All parts must have stopped."""
    staged = archive.with_name("staged")
    shutil.rmtree(staged, ignore_errors=True)
    _settle(home / "codelynn.db")
    shutil.copytree(home, staged, ignore=shutil.ignore_patterns(*LEFT_OUT))
    _move(staged, home, PLACE)
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        packed.add(staged, ".", filter=_of_nobody)
    shutil.rmtree(staged)


def unpack(archive: Path, home: Path) -> Path:
    """Unpack the folder at `home`, with the paths in its files adjusted."""
    with tarfile.open(archive) as packed:
        packed.extractall(home, filter="data")
    _move(home, PLACE, home)
    return home


def slug(home: Path) -> str:
    """The name of the folder in `models` that holds what was prepared of the base model `home/tiny`."""
    return f"tiny-{hashlib.sha256(str(home / 'tiny').encode()).hexdigest()[:8]}"


def _settle(database: Path) -> None:
    """Write the write-ahead log into the file, and erase deleted records."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
    connection.close()


def _move(folder: Path, old: Path, new: Path) -> None:
    (folder / "models" / slug(old)).rename(folder / "models" / slug(new))
    changes = ((slug(old), slug(new)), (str(old), str(new)))
    for path in (path for path in folder.rglob("*") if path.suffix in TEXTS):
        text = told = path.read_text(encoding="utf-8")
        for before, after in changes:
            text = text.replace(before, after)
        if text != told:
            path.write_text(text, encoding="utf-8")
            _rehash(path.with_name("manifest.json"), told, text)
    _move_rows(folder / "codelynn.db", changes)


def _rehash(manifest: Path, before: str, after: str) -> None:
    """Update a file's hash in the manifest."""
    if manifest.exists():
        old, new = (hashlib.sha256(text.encode()).hexdigest() for text in (before, after))
        manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _move_rows(database: Path, changes: tuple[tuple[str, str], ...]) -> None:
    connection = sqlite3.connect(database)
    with connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for column in [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]:
                for before, after in changes:
                    connection.execute(
                        f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?) '
                        f'WHERE typeof("{column}") = \'text\' AND instr("{column}", ?)',
                        (before, after, before),
                    )
    connection.close()


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
