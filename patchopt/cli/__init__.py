"""The command ``patchopt``: parses and prints, decides nothing.

Exit codes: 0 done, 1 done with failures, 2 bad input, 130 interrupted with what was
finished kept. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys

from patchopt.cli import printing
from patchopt.cli.app import app
from patchopt.errors import PatchoptError


def main() -> None:
    """Run the command line."""
    try:
        app()
    except PatchoptError as error:
        printing.error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone, as in `patchopt list metrics | head`; Python would complain
        # once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


__all__ = ["app", "main"]
