"""Run the study of an artefact again and compare what it comes to."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from patchopt.archive.comparing import Compared, compare_datasets
from patchopt.archive.environment import environment
from patchopt.archive.making import CONFIG, DATASET, SCENARIOS, prefix_of
from patchopt.archive.manifest import Manifest, unpack
from patchopt.files import load_scenario
from patchopt.files.dataset import open_dataset
from patchopt.model.scenario import Scenario
from patchopt.sweeps.config import SweepConfig, check_config
from patchopt.sweeps.runner import run_sweep
from patchopt.sweeps.stages import Watcher

#: Replications that a quick look runs at most, where it may choose.
_QUICK: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What came of running a study again.

    Parameters
    ----------
    compared : tuple of Compared
        Table by table.
    other : dict of str to (str, str)
        What differs of the environments, as it was and as it is.
    scenarios : tuple of str
        Those that were run.
    """

    compared: tuple[Compared, ...]
    other: dict[str, tuple[str, str]]
    scenarios: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs but bytes that name versions."""
        return all(one.verdict != "differs" for one in self.compared)


def reproduce(
    archive: Path,
    *,
    quick: bool = False,
    workers: int = -1,
    watch: Watcher | None = None,
    tell: Callable[[str], None] | None = None,
) -> Reproduction:
    """Check an artefact, run its study again in a passing folder, and compare.

    Parameters
    ----------
    archive : Path
        Made by `make_archive`.
    quick : bool
        One scenario alone, that of the fewest nodes (of the first sweep, where the study is of
        several), and at most 1,000 replications unless defects are dealt out, which depend on
        how many there are.
    workers : int
        Processes; -1: one a core.
    watch, tell : callable, optional
        Told of the progress, and of what is done.

    Returns
    -------
    Reproduction

    Raises
    ------
    DatasetError
        If the artefact is damaged.
    """
    said = tell or _nobody
    with tempfile.TemporaryDirectory(prefix="patchopt-reproduce-") as passing:
        folder, again = Path(passing) / "artefact", Path(passing) / "again"
        manifest = unpack(archive, folder)
        said(f"{len(manifest.files)} files, all as the manifest says")
        sweeps = _sweeps(manifest)
        if quick:
            sweeps = sweeps[:1]
        compared: list[Compared] = []
        names: dict[str, None] = {}
        for number, prefix in enumerate(sweeps):
            if len(sweeps) > 1:
                said(f"sweep {number + 1} of {len(sweeps)}")
            scenarios = _scenarios(folder, prefix, manifest)
            if quick:
                scenarios = [min(scenarios, key=_size)]
            given = json.loads((folder / prefix / CONFIG).read_text(encoding="utf-8"))
            own = again / str(number)
            config = _config(given, own, workers, quick=quick)
            run_sweep(config, scenarios=scenarios, watch=watch)
            rows = compare_datasets(folder / prefix / DATASET, own, part=quick)
            compared += [replace(one, table=f"{prefix}{one.table}") for one in rows]
            names |= dict.fromkeys(scenario.name for scenario in scenarios)
        before = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
        return Reproduction(
            compared=tuple(compared),
            other=_other(before, environment()),
            scenarios=tuple(names),
        )


def _nobody(line: str) -> None:
    pass


def _sweeps(manifest: Manifest) -> list[str]:
    """Return where the sweeps of an artefact lie, in their order."""
    count = sum(Path(one.path).name == CONFIG for one in manifest.files if one.role == "input")
    return [prefix_of(number, count) for number in range(count)]


def _scenarios(folder: Path, prefix: str, manifest: Manifest) -> list[Scenario]:
    """Return the scenarios of a sweep in their order."""
    with open_dataset(folder / prefix / DATASET) as dataset:
        order = list(dataset.plans["scenario"].unique())
    inside = f"{prefix}{SCENARIOS}/"
    paths = [one.path for one in manifest.files if one.path.startswith(inside)]
    found = [load_scenario(folder / path) for path in paths]
    return sorted(found, key=lambda scenario: order.index(scenario.name))


def _size(scenario: Scenario) -> tuple[int, str]:
    return sum(len(node.ids) for node in scenario.nodes), scenario.name


def _config(given: dict[str, Any], out: Path, workers: int, *, quick: bool) -> SweepConfig:
    sweep = given["sweep"] | {"out": str(out), "force": False}
    if quick and sweep["replications"] != "auto" and not sweep["stratify"]:
        sweep["replications"] = min(sweep["replications"], _QUICK)
    parallel = {"backend": "local", "n_jobs": workers}
    return check_config(given | {"sweep": sweep, "parallel": parallel})


def _other(before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what differs of two environments."""
    names: Sequence[str] = ("python", "cpu", "cores", "os", "commit", "dirty")
    pairs = {name: (before.get(name), now.get(name)) for name in names}
    ours, theirs = before.get("packages", {}), now["packages"]
    pairs |= {name: (ours.get(name), theirs.get(name)) for name in {**ours, **theirs}}
    return {name: (_text(was), _text(is_)) for name, (was, is_) in pairs.items() if was != is_}


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
