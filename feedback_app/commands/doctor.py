"""`codelynn doctor`: what this machine has for codeLynn, and what to do about what it lacks. Works when nothing runs."""

from contextlib import closing

import typer

from feedback_app.commands.running import complain, settings_in_force, told


def doctor() -> None:
    """Check this machine: Python, packages, disk, memory, ports, permissions, the base model, persona and database, and what
    runs; and say what to do about what is missing."""
    with told():
        settings = settings_in_force()
        from feedback_app.commands import machine
        from feedback_app.commands.service import found
        from feedback_app.commands.status import of_service, table, without_service

        service = found(settings)
        address = "" if service is None else str(service.http.base_url).rstrip("/")
        checks = machine.checks(settings, address)
        if service is None:
            checks += [part for part in without_service(settings) if part.name != "service"]
        else:
            with closing(service.http):
                checks += of_service(service)
        table(checks)
        if not all(part.ok for part in checks if part.required):
            complain("something needed is missing: see above")
            raise typer.Exit(1)
