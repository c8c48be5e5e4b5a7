"""The command ``patchopt``: parses and prints, decides nothing.

Exit codes: 0 done, 1 done with failures, 2 bad input, 130 interrupted with what was
finished kept. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import sys

from patchopt.cli import printing, terminal
from patchopt.cli.commands import app
from patchopt.errors import PatchoptError

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    terminal.make_patient()
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
        sys.exit(130)
