"""Command line: `python -m codelynn_argilla serve --home DIR --credentials FILE [--host H] [--port P]`."""

import argparse
import sys
from pathlib import Path

from codelynn_argilla.credentials import BadCredentials, load_credentials
from codelynn_argilla.home import HomeInUse, enter_home
from codelynn_argilla.logs import configure_logs
from codelynn_argilla.sockets import PortTaken, bind


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="codelynn_argilla", description=__doc__)
    serve = parser.add_subparsers(required=True, dest="command").add_parser("serve", help="run until SIGTERM")
    serve.add_argument(
        "--home", type=Path, required=True, help="folder of the database and the session secret"
    )
    serve.add_argument(
        "--credentials", type=Path, required=True, help="0600 JSON: username, password, api_key, workspace"
    )
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=6900)
    return parser.parse_args(arguments)


def main() -> int:
    options = parse()
    configure_logs()
    try:
        credentials = load_credentials(options.credentials)
        listener = bind(options.host, options.port)
        home = enter_home(options.home, options.host, options.port)
    except (BadCredentials, HomeInUse, PortTaken) as error:
        sys.stderr.write(f"argilla: {error}\n")
        return 1
    # Only now: argilla_server reads its settings from the environment while it is imported.
    from codelynn_argilla.server import run

    return run(home, credentials, listener, options.host)


if __name__ == "__main__":
    sys.exit(main())
