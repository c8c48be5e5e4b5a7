"""What is printed survives terminals of few characters, readers that leave and full disks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-c", "from patchopt.cli import main; main()"]


def run_shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in which `$P` is the command."""
    quoted = " ".join(f"'{word}'" for word in COMMAND)
    script = f'P() {{ {quoted} "$@"; }}\n{line}'
    return subprocess.run(
        ["/bin/bash", "-c", script],
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_any_encoding_of_the_terminal_will_do(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run_shell(
        "P simulate compatibility -s rolling; P optimize compatibility -t 0.1 --workers 1;"
        "P list metrics --json > list.json; P sweep --help",
        tmp_path,
        **environment,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    dot = "·".encode("latin-1") if "latin-1" in environment.values() else b"*"
    assert b"weight" + dot + b"s, proven bound" in done.stdout
    assert json.loads((tmp_path / "list.json").read_text("latin-1"))[0]["unit"] == "weight·s"


def test_a_reader_that_leaves_changes_no_exit_code(tmp_path: Path) -> None:
    done = run_shell(
        "for buffered in '' 1; do export PYTHONUNBUFFERED=$buffered;"
        "P list metrics | true; echo ${PIPESTATUS[0]};"
        "P schema | head -c 1 > /dev/null; echo ${PIPESTATUS[0]};"
        "P validate nowhere.yaml 2>&1 | true; echo ${PIPESTATUS[0]}; done",
        tmp_path,
    )
    assert done.stderr == b""
    assert done.stdout.split() == [b"0", b"0", b"2"] * 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_closed_and_full_outputs_end_without_a_traceback(tmp_path: Path) -> None:
    done = run_shell(
        "P list metrics >&-; echo $? >> codes; P list metrics 2>&- >&-; echo $? >> codes;"
        "P list metrics > /dev/full; echo $? >> codes; P --help > /dev/full; echo $? >> codes;"
        "P list nothing 2> /dev/full; echo $? >> codes",
        tmp_path,
    )
    assert (tmp_path / "codes").read_text().split() == ["0", "0", "2", "2", "2"]
    assert [line.partition(b":")[0] for line in done.stderr.splitlines()] == [b"error"] * 2
    assert b"standard output: cannot be written: no space left on device" in done.stderr
