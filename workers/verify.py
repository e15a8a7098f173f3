"""`python -m workers.verify DIR`: is this checkpoint folder what its manifest says? Exit 0, or 2 and one line.

A process of its own, because checking reads the weights with torch, which a worker need not keep in memory.
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
