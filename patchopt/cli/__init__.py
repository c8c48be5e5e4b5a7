"""The command ``patchopt``: parses and prints, decides nothing.

Exit codes: 0 done, 1 done with failures, 2 bad input, 130 interrupted and 143 terminated, both
with what was finished kept. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import sys

from patchopt.cli import printing, stopping, terminal
from patchopt.cli.app import app
from patchopt.errors import PatchoptError

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    terminal.make_patient()
    asked = stopping.Requests()
    with asked.heard():
        try:
            try:
                app()
            finally:
                sys.stdout.flush()
        except PatchoptError as error:
            printing.error(str(error))
            sys.exit(2)
        except KeyboardInterrupt:
            printing.note("interrupted")
            sys.exit(asked.code(stopping.INTERRUPTED))
        except SystemExit as ended:
            sys.exit(asked.code(ended.code) if isinstance(ended.code, int) else ended.code)
