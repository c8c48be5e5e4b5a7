"""The wheel, not the checkout: built, installed bare, and the main job run from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def call(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """Run a command outside the checkout; nothing of this environment leaks in."""
    environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    environment |= {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the scripts folder of an environment that has the wheel and its dependencies only."""
    folder = tmp_path_factory.mktemp("wheel")
    call(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT,
        cwd=folder,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / "bin"
    # The lock holds the versions; what only development needs is not installed.
    call(
        scripts / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--constraint", ROOT / "requirements.lock", wheel,
        cwd=folder,
    )  # fmt: skip
    return scripts


def test_the_installed_command_does_the_main_job(bare: Path, tmp_path: Path) -> None:
    assert ROOT not in tmp_path.parents
    out = call(
        bare / "patchopt", "sweep", "experiment=smoke", "sweep.out=study", "parallel.n_jobs=2",
        cwd=tmp_path,
    )  # fmt: skip
    assert "60 replications of 3 plans" in out

    simulated = call(
        bare / "patchopt", "simulate", "ha_microservices", "--strategy", "rolling",
        "--failures", "shared_defect", "--replications", "50", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(simulated)[0]["patched_share"] > 0

    call(bare / "patchopt", "report", "study", "--out", "report", cwd=tmp_path)
    assert (tmp_path / "report" / "report.md").is_file()

    presets = tmp_path / "mine" / "experiment"
    presets.mkdir(parents=True)
    (presets / "night.yaml").write_text(
        "# @package _global_\ndefaults: [override /strategy: rolling]\nsweep: {seed: 5}\n",
        encoding="utf-8",
    )
    out = call(
        bare / "patchopt", "sweep", "--config-dir", "mine", "experiment=night", "--dry-run",
        cwd=tmp_path,
    )  # fmt: skip
    assert out.count("rolling") > 1

    plan = json.loads(
        call(
            bare / "patchopt",
            "optimize",
            "otel_demo",  # large enough for compiled code
            "--time-limit",
            "1",
            "--deterministic",
            "--workers",
            "1",
            "--json",
            cwd=tmp_path,
        )
    )
    assert plan["certificate"]["objective"] >= plan["certificate"]["bound"] > 0


def test_the_wheel_carries_its_resources_and_types(bare: Path, tmp_path: Path) -> None:
    code = (
        "import patchopt, pathlib; root = pathlib.Path(patchopt.__file__).parent;"
        "print((root / 'py.typed').is_file(), (root / '_resources/conf/config.yaml').is_file(),"
        "(root / '_resources/scenarios/online_boutique.yaml').is_file(),"
        "(root / '_resources/docs/model.md').is_file(),"
        "(root / '_resources/docs/when_a_canary_pays.svg').is_file())"
    )
    assert call(bare / "python", "-c", code, cwd=tmp_path).split() == ["True"] * 5


def test_mistakes_are_told_apart_from_failures(bare: Path, tmp_path: Path) -> None:
    call(bare / "patchopt", "validate", "no_such_scenario", cwd=tmp_path, code=2)
