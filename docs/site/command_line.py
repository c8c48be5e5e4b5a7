"""The reference of the command line, written from the commands themselves."""

from __future__ import annotations

from typing import Any

import typer
from reference import table

from patchopt.cli.app import app


def pages() -> dict[str, str]:
    """Return the page, by the name of its file."""
    root: Any = typer.main.get_command(app)
    commands = root.commands
    parts = [
        "# Command line",
        root.help,
        table(
            ("command", "what it does"),
            [
                (f"[`{name}`](#{name})", command.help.split("\n\n")[0])
                for name, command in commands.items()
            ],
        ),
        root.epilog,
    ]
    for name, command in commands.items():
        parts += _command(name, command)
    return {"command_line.md": "\n\n".join(parts) + "\n"}


def _command(name: str, command: Any) -> list[str]:
    context = typer.Context(command, info_name=f"patchopt {name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    parts = [f"## {name}", command.help, f"```text\n{' '.join(usage.split())}\n```"]
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None:
            # In help square brackets are escaped for terminals.
            rows.append((f"`{record[0]}`", record[1].replace("\\[", "[")))
    return [*parts, table(("argument or option", "meaning"), rows)]
