"""`python -m workers.verify DIR`: check a checkpoint folder against its manifest. Exits with 0, or with 2 and one line.

It is a separate process because it reads the weights with torch, which the worker should not keep in memory.
"""

import sys
from pathlib import Path

from alignment.checkpoints.registry import read_checkpoint
from alignment.contract.manifests.checkpoint import CorruptCheckpoint


def main(arguments: list[str]) -> int:
    try:
        read_checkpoint(Path(arguments[0]))
    except CorruptCheckpoint as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
