"""Command line: `python -m codelynn_argilla serve --home DIR --credentials FILE [--host H] [--port P]`.

With CODELYNN_ARGILLA_REDIS_URL in the environment Argilla's jobs are queued there, and `serve` runs a worker beside it.
"""

import argparse
import sys
from pathlib import Path

from codelynn_argilla import jobs
from codelynn_argilla.credentials import BadCredentials, load_credentials
from codelynn_argilla.home import BadRedisUrl, HomeInUse, enter_home, redis_url, share_home
from codelynn_argilla.leash import end_with_parent
from codelynn_argilla.logs import configure_logs
from codelynn_argilla.sockets import PortTaken, bind


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="codelynn_argilla", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    serve = commands.add_parser("serve", help="run until SIGTERM")
    serve.add_argument(
        "--home", type=Path, required=True, help="folder of the database and the session secret"
    )
    serve.add_argument(
        "--credentials", type=Path, required=True, help="0600 JSON: username, password, api_key, workspace"
    )
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=6900)
    worker = commands.add_parser("worker", help="run the jobs of a server that queues them on Redis")
    worker.add_argument("--home", type=Path, required=True, help="the server's folder")
    worker.add_argument("--leashed", action="store_true", help="end when standard input ends")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse()
    configure_logs()
    return _work(options) if options.command == "worker" else _serve(options)


def _serve(options: argparse.Namespace) -> int:
    try:
        credentials = load_credentials(options.credentials)
        listener = bind(options.host, options.port)
        home = enter_home(options.home, options.host, options.port)
    except (BadCredentials, BadRedisUrl, HomeInUse, PortTaken) as error:
        sys.stderr.write(f"argilla: {error}\n")
        return 1
    inline = None if redis_url() else jobs.install()  # before argilla_server is imported, see there
    # Only now: argilla_server reads its settings from the environment while it is imported.
    from codelynn_argilla.server import run

    return run(home, credentials, listener, options.host, inline)


def _work(options: argparse.Namespace) -> int:
    if options.leashed:
        end_with_parent()
    if not redis_url():
        sys.stderr.write("argilla: CODELYNN_ARGILLA_REDIS_URL is not set: there are no queues to work on\n")
        return 1
    share_home(options.home)
    from codelynn_argilla.worker import work  # as above

    return work()


if __name__ == "__main__":
    sys.exit(main())
