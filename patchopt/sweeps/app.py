"""The Hydra side of ``patchopt sweep``: compose, check, run; and Hydra's own multirun."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from patchopt.errors import ConfigError, PatchoptError, nearest
from patchopt.sweeps.config import SweepConfig, check_config, conf_folder, keys_of
from patchopt.sweeps.runner import SweepResult, Watcher, run_sweep

_REPORTS: Final = "PATCHOPT_MULTIRUN_REPORTS"


def compose(overrides: Sequence[str]) -> SweepConfig:
    """Compose and check the configuration of one sweep.

    Parameters
    ----------
    overrides : sequence of str
        As Hydra takes them: ``group=option``, ``key=value``, ``+key=value``.

    Returns
    -------
    SweepConfig

    Raises
    ------
    ConfigError
        For overrides that Hydra refuses and values that make no sense.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    GlobalHydra.instance().clear()
    folder = str(conf_folder().resolve())
    try:
        with initialize_config_dir(config_dir=folder, version_base="1.3"):
            composed = hydra_compose("config", overrides=list(overrides))
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(error, overrides), remedy=_remedy(error)) from None
    if not isinstance(values, dict):
        raise ConfigError("the configuration is not a mapping", remedy="see conf/config.yaml")
    return check_config({str(key): value for key, value in values.items()})


def _explain(error: Exception, overrides: Sequence[str]) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(line for line in lines if not line.startswith(("full_key", "object_type")))
    given = " ".join(overrides)
    return f"the overrides '{given}' cannot be used: {text}" if given else text


def _remedy(error: Exception) -> str:
    """Name the nearest key or option for what Hydra did not know."""
    text = str(error)
    option = re.search(r"Could not find '(\w+)/(\w+)'", text)
    if option:
        return nearest(option[2], _options(option[1]))
    key = re.search(r"Key '(\w+)' is not in struct\s+full_key: (\S+)", text)
    if key:
        section = key[2].rpartition(".")[0]
        return nearest(key[1], keys_of(section))
    override = re.search(r"Could not override '([\w./]+)'", text)
    if override:
        section, _, name = override[1].rpartition(".")
        return nearest(name, keys_of(section))
    return "see the groups under conf/, and quote lists for the shell"


def _options(group: str) -> list[str]:
    return [path.stem for path in (conf_folder() / group).glob("*.yaml")]


def sweep(overrides: Sequence[str], *, watch: Watcher | None = None) -> SweepResult:
    """Run one sweep from Hydra overrides.

    Parameters
    ----------
    overrides : sequence of str
        As `compose` takes them.
    watch : callable, optional
        Told of the progress.

    Returns
    -------
    SweepResult
    """
    return run_sweep(compose(overrides), watch=watch)


def multirun(arguments: Sequence[str]) -> list[SweepResult]:
    """Run Hydra's own multirun: every combination of overrides is a sweep of its own.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line, ``-m`` among them.

    Returns
    -------
    list of SweepResult
        By number of the job; each has a folder of its own, below `sweep.out` if that is
        given.

    Raises
    ------
    ConfigError
        If Hydra or a job refuses its configuration.
    """
    import hydra

    with tempfile.TemporaryDirectory() as reports, _environment(_REPORTS, reports):
        app = hydra.main(
            config_path=str(conf_folder().resolve()), config_name="config", version_base="1.3"
        )(_job)
        code = _call(app, ["patchopt sweep", *arguments])
        found = [
            json.loads(path.read_text())
            for path in sorted(Path(reports).glob("*.json"), key=lambda path: int(path.stem))
        ]
    errors = [report["refused"] for report in found if "refused" in report]
    if errors:
        raise ConfigError("\n".join(dict.fromkeys(errors)))
    if code and not found:
        raise ConfigError("Hydra refuses the overrides; its message is above")
    return [_result(report) for report in found]


def _result(report: dict[str, Any]) -> SweepResult:
    return SweepResult(**{**report, "out": Path(report["out"])})


def _job(composed: Any) -> None:
    """Run one job of a multirun; what came of it goes into a file for the parent."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    job = HydraConfig.get()
    number = int(job.job.num)
    try:
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        config = check_config(values)  # type: ignore[arg-type]  # the primary config is a mapping
        given = config.sweep.out
        out = Path(job.runtime.output_dir) if given is None else Path(given) / str(number)
        where = config.sweep.model_copy(update={"out": str(out), "force": True})
        if given is not None:
            where = where.model_copy(update={"force": config.sweep.force})
        result = run_sweep(config.model_copy(update={"sweep": where}))
        report = {**vars(result), "out": str(result.out)}
    except PatchoptError as error:
        report = {"refused": str(error)}
    path = Path(os.environ[_REPORTS]) / f"{number}.json"
    path.write_text(json.dumps(report))


def _call(app: Any, arguments: Sequence[str]) -> int:
    """Call a Hydra application with a command line of ours; return its exit code."""
    before = sys.argv
    sys.argv = list(arguments)
    try:
        app()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    finally:
        sys.argv = before
    return 0


@contextmanager
def _environment(key: str, value: str) -> Iterator[None]:
    before = os.environ.get(key)
    os.environ[key] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[key]
        else:
            os.environ[key] = before
