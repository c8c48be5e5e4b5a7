"""Of the public interface: studies of many plans, their bounds, their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from patchopt.model.scenario import Scenario
    from patchopt.reports import ReportResult
    from patchopt.stochastic import Bounds
    from patchopt.sweeps import SweepResult


def bound(
    scenario: Scenario,
    *,
    replications: int = 200,
    seed: int | None = None,
    failures: str | Path | None = None,
    time_limit: float = 0.2,
    workers: int = 1,
    watch: Callable[[int, int], None] | None = None,
) -> Bounds:
    """Bound what any guarded plan of whole units can come to under failures.

    Parameters
    ----------
    scenario : Scenario
        What is to be patched, with its failures.
    replications : int
        How many, numbered from 0: those of `simulate` under the same seed.
    seed : int, optional
        Of all of them; the scenario's own by default.
    failures : str or Path, optional
        A preset, or its file, in place of the scenario's own failures.
    time_limit : float
        Deterministic seconds for each outcome that differs from the others.
    workers : int
        Processes; the bounds do not depend on it.
    watch : callable, optional
        Told how many outcomes are done, and of how many.

    Returns
    -------
    Bounds
        The wait-and-see bound of each replication; ``bounds.frame()`` is a table.

    Raises
    ------
    patchopt.errors.PatchoptError
        If a number is out of its limits.
    """
    from patchopt import arguments
    from patchopt.interface.plans import under
    from patchopt.model.build import build_infrastructure
    from patchopt.stochastic import bounds
    from patchopt.stochastic.parameters import outcome_limits

    arguments.need_scenario(scenario)
    given = scenario.seed if seed is None else seed
    limit = arguments.seconds("time_limit", time_limit)
    return bounds(
        build_infrastructure(under(scenario, failures)),
        arguments.whole("seed", given, 0, arguments.SEEDS - 1),
        arguments.whole("replications", replications, 1, arguments.MOST_REPLICATIONS),
        outcome_limits(limit),
        workers=arguments.whole("workers", workers, 1, 512),
        watch=watch,
    )


def compare(
    scenario: Scenario,
    strategies: Sequence[str] | None = None,
    *,
    failures: str | Path | None = None,
    replications: int = 200,
    bounded: int = 20,
    seed: int | None = None,
    time_limit: float = 10.0,
    workers: int = 1,
    watch: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """Compare strategies on one scenario, all under the same luck.

    Parameters
    ----------
    scenario : Scenario
        What is to be patched.
    strategies : sequence of str, optional
        Names; all that there are by default.
    failures : str or Path, optional
        A preset, or its file, in place of the scenario's own failures.
    replications : int
        Of each plan.
    bounded : int
        How many of them have a wait-and-see bound.
    seed : int, optional
        Of all replications; the scenario's own by default.
    time_limit : float
        Deterministic seconds for plans that are searched for.
    workers : int
        Processes; the result does not depend on it.
    watch : callable, optional
        Told of the progress: what is being done, how much of it is done, of how much.

    Returns
    -------
    DataFrame
        A row a plan, those that keep the constraints first, by mean total exposure; the columns
        are those of ``tables/summary`` of a report.

    Raises
    ------
    patchopt.errors.PatchoptError
        For an unknown strategy, what is no scenario, or a number out of its limits.
    """
    import tempfile
    from pathlib import Path

    from patchopt import arguments
    from patchopt.interface.plans import strategy_names, under
    from patchopt.reports import summarise
    from patchopt.sweeps import comparison, run_sweep

    arguments.need_scenario(scenario)
    given = scenario.seed if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="patchopt-compare-") as folder:
        config = comparison(
            scenarios=[scenario.name],
            strategies=strategy_names() if strategies is None else strategies,
            replications=arguments.whole(
                "replications", replications, 1, arguments.MOST_REPLICATIONS
            ),
            bounded=arguments.whole("bounded", bounded, 0, 1_000_000),
            seed=arguments.whole("seed", given, 0, arguments.SEEDS - 1),
            time_limit=arguments.seconds("time_limit", time_limit),
            out=Path(folder) / "dataset",
            workers=arguments.whole("workers", workers, -512, 512),
        )
        run_sweep(config, scenarios=[under(scenario, failures)], watch=watch)
        return summarise(Path(folder) / "dataset")


def sweep(*overrides: str, watch: Callable[[str, int, int], None] | None = None) -> SweepResult:
    """Run a sweep over scenarios, strategies and seeds, in parallel.

    Parameters
    ----------
    *overrides : str
        As on the command line: ``"sweep.replications=1000"``, ``"experiment=default"``.
    watch : callable, optional
        Told of the progress: what is being done, how much of it is done, of how much.

    Returns
    -------
    SweepResult
        Where the dataset is, and what failed.

    Raises
    ------
    patchopt.errors.PatchoptError
        Before anything is run, for overrides that make no sense.
    """
    from patchopt.arguments import need_texts
    from patchopt.sweeps import sweep as run

    need_texts("overrides", overrides)
    return run(overrides, watch=watch)


def report(
    dataset: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    paper: Literal["ieee", "acm"] | None = None,
    reference: Mapping[str, float] | None = None,
    force: bool = False,
    workers: int = 1,
    watch: Callable[[str, int, int], None] | None = None,
) -> ReportResult:
    """Turn the dataset of a sweep, or several as one study, into tables, figures and a page.

    Parameters
    ----------
    dataset : str, Path or sequence of them
        Folders of datasets, or of multiruns.
    out : str or Path
        Folder of the report.
    paper : {'ieee', 'acm'}, optional
        Write tables and numbers for LaTeX too, as this venue prints, into ``paper/``.
    reference : mapping of str to float, optional
        Of hypervolumes, by objective (``total_exposure``, ``unplanned_downtime``,
        ``lost_capacity``, ``surge_node_seconds``, ``completion_time``), in place of what
        follows from each scenario.
    force : bool
        Write into a folder that holds something already.
    workers : int
        Processes that draw figures, where there are many scenarios; the bytes do not depend on it.
    watch : callable, optional
        Told of the progress: what is being done, how much of it is done, of how much.

    Returns
    -------
    ReportResult
        What was written, and the summary as a table.

    Raises
    ------
    patchopt.errors.PatchoptError
        If the dataset cannot be read, the reference is none, or the report cannot be written.
    """
    from pathlib import Path

    from patchopt.arguments import need_path, one_of, whole
    from patchopt.reports import write_report

    folders: list[Any] = list(dataset) if isinstance(dataset, list | tuple) else [dataset]
    for folder in folders:
        need_path("dataset", folder)
    need_path("out", out)
    if paper is not None:
        one_of("paper", paper, ("ieee", "acm"))
    every = (Path(folder) for folder in folders)
    return write_report(
        *every,
        out=Path(out),
        paper=paper,
        reference=reference,
        force=force,
        workers=whole("workers", workers, 1, 512),
        watch=watch,
    )
