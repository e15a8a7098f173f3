"""`python -m feedback_app.commands.prepare_base_process SOURCE FOLDER CONVERT HERE`: makes the base model ready, in a process of its own.

What torch takes (800 MB for the default model) is given back when the process ends. Writes one JSON line for each
report on standard output: {"text", "fraction"}, or at the end {"error"} with exit code 2.
"""

import json
import sys
from pathlib import Path

from feedback_app import main as root


def main() -> int:
    source, folder, convert, here = sys.argv[1:]
    try:
        root.prepare_files(source, Path(folder), convert == "convert", here == "here", _report)
    except root.BaseModelUnavailable as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 2
    return 0


def _report(text: str, fraction: float) -> None:
    print(json.dumps({"text": text, "fraction": fraction}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
