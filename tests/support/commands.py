"""The command in this process: its exit code and what it says."""

from __future__ import annotations

import sys

import pytest

from patchopt.cli import main


def called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """Run the command; return exit code, output and error output."""
    monkeypatch.setattr(sys, "argv", ["patchopt", *words])
    code = 0
    try:
        main()
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    said = capsys.readouterr()
    return code, said.out, said.err
