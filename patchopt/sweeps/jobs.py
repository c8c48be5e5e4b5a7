"""The command line of Hydra: its flags, its multirun, and the jobs that it starts."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from patchopt.errors import ConfigError, PatchoptError
from patchopt.sweeps.composing import check_composed, refusal, sweep
from patchopt.sweeps.config import conf_folder
from patchopt.sweeps.forecasting import Forecast
from patchopt.sweeps.runner import SweepResult, run_sweep
from patchopt.sweeps.stages import Watcher

#: Variable of the environment that names the folder where jobs tell what came of them.
REPORTS: Final = "PATCHOPT_MULTIRUN_REPORTS"


@dataclass(frozen=True, kw_only=True)
class JobResults:
    """What came of the jobs of one command line.

    Parameters
    ----------
    results : tuple of SweepResult
        Of the jobs that ran, by their numbers.
    refused : tuple of str
        Why jobs did not run.
    interrupted : bool
        Whether Ctrl-C ended it before its last job.
    """

    results: tuple[SweepResult, ...] = ()
    refused: tuple[str, ...] = ()
    interrupted: bool = False


def run_command_line(
    arguments: Sequence[str],
    *,
    watch: Watcher | None = None,
    tell: Callable[[str], None] | None = None,
) -> JobResults:
    """Run what a command line asks for: a sweep, or what one of Hydra's flags stands for.

    Parameters
    ----------
    arguments : sequence of str
        Overrides and flags of Hydra.
    watch, tell : callable, optional
        Told of the progress of a single sweep, and of what holds it up.

    Returns
    -------
    JobResults
        Without results if a flag only asked for information.

    Raises
    ------
    ConfigError
        If nothing could be run.
    """
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    flags.add_argument("--run", "-r", action="store_true")
    flags.add_argument("--config-dir", "-cd", type=Path)
    flags.add_argument("--shell-completion", "-sc", action="store_true")
    try:
        known, rest = flags.parse_known_args(list(arguments))
    except argparse.ArgumentError:
        known, rest = argparse.Namespace(config_dir=None), list(arguments)
    if getattr(known, "shell_completion", False):
        raise ConfigError(
            "completion is that of the whole command, sweeps included",
            place="--shell-completion",
            remedy="patchopt --install-completion",
        )
    if any(argument.startswith("-") for argument in rest):
        return _hand_over(arguments)
    result = sweep(rest, watch=watch, tell=tell, config_dir=known.config_dir)
    return JobResults(results=(result,))


def _hand_over(arguments: Sequence[str]) -> JobResults:
    """Let Hydra do what its flags say: show something, or run every combination as a job."""
    import hydra

    app = hydra.main(
        config_path=str(conf_folder().resolve()), config_name="config", version_base="1.3"
    )(_job)
    interrupted = False
    # With that, what goes wrong comes here as an exception; else Hydra prints a traceback.
    full = _environment("HYDRA_FULL_ERROR", "1")
    with _reports(), full:
        try:
            _call(app, ["patchopt sweep", *arguments])
        except KeyboardInterrupt:
            interrupted = True
        except PatchoptError:
            raise
        except Exception as error:
            if _ours(error):
                raise
            raise refusal(error, arguments) from None
        paths = Path(os.environ[REPORTS]).glob("*.json")
        found = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(paths, key=lambda path: int(path.stem))
        ]
    return JobResults(
        results=tuple(_result(report) for report in found if "refused" not in report),
        refused=tuple(dict.fromkeys(r["refused"] for r in found if "refused" in r)),
        interrupted=interrupted,
    )


@contextmanager
def _reports() -> Iterator[None]:
    """Have a folder for what jobs tell; a multirun moves it, see `callbacks`."""
    with tempfile.TemporaryDirectory() as usual, _environment(REPORTS, usual):
        try:
            yield
        finally:
            shutil.rmtree(os.environ[REPORTS], ignore_errors=True)


def _ours(error: Exception) -> bool:
    """Tell whether an error arose inside a job: a fault of ours, not of the overrides."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is _job.__code__:
            return True
        trace = trace.tb_next
    return False


def _result(report: dict[str, Any]) -> SweepResult:
    lines = {key: tuple(report[key]) for key in ("imprecise", "warnings")}
    rows = tuple(Forecast(**row) for row in report["forecast"])
    return SweepResult(**{**report, "out": Path(report["out"]), "forecast": rows, **lines})


def _job(composed: Any) -> None:
    """Run one job of Hydra's; what came of it goes into a file for the parent."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    job = HydraConfig.get()
    many = job.mode == RunMode.MULTIRUN
    number = int(job.job.num) if many else 0
    interrupted = False
    try:
        config = check_composed(
            OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        )
        if many:
            given = config.sweep.out
            # Hydra has written into its own folder already.
            own = {"out": str(job.runtime.output_dir), "force": True}
            where = own if given is None else {"out": str(Path(given) / str(number))}
            section = config.sweep.model_copy(update=where)
            config = config.model_copy(update={"sweep": section})
        result = run_sweep(config)
        interrupted = result.interrupted
        report = {**asdict(result), "out": str(result.out)}
    except (PatchoptError, OmegaConfBaseException) as error:
        place = f"job {number}: " if many else ""
        known = isinstance(error, PatchoptError)
        report = {"refused": f"{place}{error if known else refusal(error, ())}"}
    path = Path(os.environ[REPORTS]) / f"{number}.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    if interrupted:
        raise KeyboardInterrupt  # the jobs after it are not wanted any more


def _call(app: Any, arguments: Sequence[str]) -> None:
    """Call a Hydra application with a command line of ours."""
    before = sys.argv
    sys.argv = list(arguments)
    try:
        app()
    except SystemExit as exit_:
        # After help, configurations and versions Hydra exits with 0; for flags that it does
        # not know it has printed a message.
        if exit_.code not in (None, 0):
            raise ConfigError(
                "Hydra does not know these flags; what it says is above",
                remedy="settings are overrides, such as sweep.out=DIR; see patchopt sweep --help",
            ) from None
    finally:
        sys.argv = before


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
