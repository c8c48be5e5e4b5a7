"""Compiled code is kept where it can be: beside the sources, with the user, or for a while."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import patchopt
from patchopt.compiling import jit

pytestmark = pytest.mark.slow

#: Where the event loop of the package on the path would be kept, and what its workers are told.
ASK = """
import os
from patchopt.simulator.loop.kernel import run
print(run._cache.cache_path)
print(os.environ.get("NUMBA_CACHE_DIR", ""))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return the folder of a copy of the package, as an installer would lay it out."""
    source = Path(patchopt.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(source, tmp_path / "site" / "patchopt", ignore=ignored))


def read_only(package: Path) -> None:
    """Let nobody write beside the sources, root included: a file is where the folder would be."""
    (package / "simulator" / "loop" / "__pycache__").write_text("", encoding="utf-8")


def asked(package: Path, **environment: str) -> list[str]:
    kept = {key: text for key, text in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    told = {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=kept | told | environment,
        cwd=package.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_compiled_code_lies_beside_the_sources(installed: Path) -> None:
    path, told = asked(installed)
    assert (installed / "simulator" / "loop" / "__pycache__") in Path(path).parents
    assert not told


def test_a_read_only_install_uses_a_cache_of_the_user(installed: Path, tmp_path: Path) -> None:
    read_only(installed)
    path, told = asked(installed, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (tmp_path / "cache" / "patchopt") in Path(path).parents
    assert not told
    path, _ = asked(installed, XDG_CACHE_HOME="", HOME=str(tmp_path / "home"))
    assert (tmp_path / "home" / ".cache" / "patchopt") in Path(path).parents


def test_without_any_cache_processes_share_a_passing_one(installed: Path, tmp_path: Path) -> None:
    read_only(installed)
    (tmp_path / "file").write_text("", encoding="utf-8")
    path, told = asked(installed, XDG_CACHE_HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path))
    assert Path(told) in Path(path).parents
    assert Path(told).parent == tmp_path
    assert not Path(told).exists(), "left behind"


def test_a_changed_source_is_compiled_anew(installed: Path) -> None:
    before = asked(installed)
    with (installed / "simulator" / "loop" / "work.py").open("a", encoding="utf-8") as source:
        source.write("\n")
    assert asked(installed) != before


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert jit._of_user() == []
