"""patchopt: plan, optimise, simulate and compare security-patch deployments.

This is the whole public interface; everything else may change.

Examples
--------
>>> import patchopt
>>> scenario = patchopt.load_scenario("ha_microservices")
>>> plan = patchopt.plan(scenario, "rolling")
>>> outcome = patchopt.simulate(scenario, plan, seed=1, replications=100)
>>> bool((outcome.frame()["downtime"] >= 0).all())
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from patchopt.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from patchopt.model.expectation import Expectation
    from patchopt.model.plan import Certificate, Plan, Step
    from patchopt.model.scenario import Scenario
    from patchopt.reports import ReportResult
    from patchopt.simulator import Outcome
    from patchopt.stochastic import Bounds
    from patchopt.sweeps import SweepResult

__version__ = "0.1.0"

__all__ = [
    "Bounds",
    "Certificate",
    "Expectation",
    "Outcome",
    "Plan",
    "ReportResult",
    "Scenario",
    "Step",
    "SweepResult",
    "bound",
    "load_scenario",
    "optimize",
    "plan",
    "report",
    "simulate",
    "sweep",
]

#: `import patchopt` alone costs nothing.
__getattr__ = lazily(
    __name__,
    {
        "Bounds": "stochastic",
        "Certificate": "model.plan",
        "Expectation": "model.expectation",
        "Outcome": "simulator",
        "Plan": "model.plan",
        "ReportResult": "reports",
        "Scenario": "model.scenario",
        "Step": "model.plan",
        "SweepResult": "sweeps",
    },
)


def __dir__() -> list[str]:
    """Name the public interface, not the machinery."""
    return sorted(__all__)


def load_scenario(scenario: str | Path) -> Scenario:
    """Load and check a scenario.

    Parameters
    ----------
    scenario : str or Path
        A YAML file, or the name of a bundled scenario.

    Returns
    -------
    Scenario

    Raises
    ------
    patchopt.errors.ScenarioError
        With every problem of the file, each with its place and its remedy.
    """
    from patchopt.arguments import need_path
    from patchopt.files import load_scenario as load

    need_path("scenario", scenario)
    return load(scenario)


def plan(scenario: Scenario, strategy: str, **parameters: Any) -> Plan:
    """Plan a scenario with a strategy.

    Parameters
    ----------
    scenario : Scenario
        What is to be patched.
    strategy : str
        Name of a strategy; ``patchopt list strategies`` shows them.
    **parameters
        Of the strategy.

    Returns
    -------
    Plan

    Raises
    ------
    patchopt.errors.PatchoptError
        For an unknown strategy or parameter, with the nearest right name, and for what is
        no scenario.
    """
    from patchopt.arguments import need, need_scenario
    from patchopt.model.build import build_infrastructure
    from patchopt.strategies import make_strategy

    need_scenario(scenario)
    need("strategy", strategy, str, "give the name of one, such as 'rolling'")
    return make_strategy(strategy, parameters).plan(build_infrastructure(scenario))


def simulate(
    scenario: Scenario,
    plan: Plan,
    *,
    seed: int | None = None,
    replications: int = 1,
    first: int = 0,
    events: bool = False,
) -> Outcome:
    """Simulate a plan with failure injection.

    Parameters
    ----------
    scenario : Scenario
        What the plan is for.
    plan : Plan
        What is done.
    seed : int, optional
        Of all replications; the scenario's own by default. The same seed is the same luck
        for every plan, and two seeds share no replication.
    replications : int
        How many.
    first : int
        Number of the first; with that of the last before plus one, more of the same seed.
    events : bool
        Whether to keep the events of the first replication.

    Returns
    -------
    Outcome
        ``outcome.frame()`` is a table, a row a replication.

    Raises
    ------
    patchopt.errors.PatchoptError
        If the plan does not fit the scenario, or a number is out of its limits.
    """
    from patchopt import arguments
    from patchopt.model.build import build_infrastructure
    from patchopt.simulator import simulate as run

    arguments.need_scenario(scenario)
    arguments.need_plan(plan)
    given = scenario.seed if seed is None else seed
    return run(
        build_infrastructure(scenario),
        plan,
        seed=arguments.whole("seed", given, 0, arguments.SEEDS - 1),
        replications=arguments.whole("replications", replications, 1, arguments.MOST_REPLICATIONS),
        first=arguments.whole("first", first, 0, arguments.SEEDS - 1),
        events=events,
    )


def optimize(
    scenario: Scenario,
    *,
    time_limit: float = 30.0,
    workers: int = 0,
    gap: float = 0.0,
    seed: int = 0,
    deterministic: bool = False,
) -> Plan:
    """Find the plan of least exposure, with a certificate of how good it is.

    Parameters
    ----------
    scenario : Scenario
        What is to be patched.
    time_limit : float
        Seconds in all.
    workers : int
        Searches of CP-SAT side by side; 0: 8, or 1 if deterministic.
    gap : float
        (objective - bound) / objective that is good enough.
    seed : int
        Of the search.
    deterministic : bool
        Count steps instead of the clock, so that the same inputs give the same plan.

    Returns
    -------
    Plan
        ``plan.certificate`` says how good it is; on an interrupt the best one so far.

    Raises
    ------
    patchopt.errors.PatchoptError
        If a number is out of its limits.
    """
    from patchopt.arguments import need_scenario
    from patchopt.model.build import build_infrastructure
    from patchopt.strategies import make_strategy
    from patchopt.strategies.optimal import Optimal

    need_scenario(scenario)
    limits = {
        "time_limit": time_limit,
        "workers": workers,
        "gap": gap,
        "seed": seed,
        "deterministic": deterministic,
    }
    maker = make_strategy("optimal", limits)
    assert isinstance(maker, Optimal)  # noqa: S101 - that is what the name stands for
    return maker.solve(build_infrastructure(scenario)).plan


def bound(
    scenario: Scenario,
    *,
    replications: int = 200,
    seed: int | None = None,
    time_limit: float = 0.2,
    workers: int = 1,
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
    time_limit : float
        Deterministic seconds for each outcome that differs from the others.
    workers : int
        Processes; the bounds do not depend on it.

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
    from patchopt.model.build import build_infrastructure
    from patchopt.stochastic import bounds
    from patchopt.stochastic.parameters import outcome_limits

    arguments.need_scenario(scenario)
    given = scenario.seed if seed is None else seed
    limit = arguments.seconds("time_limit", time_limit)
    return bounds(
        build_infrastructure(scenario),
        arguments.whole("seed", given, 0, arguments.SEEDS - 1),
        arguments.whole("replications", replications, 1, arguments.MOST_REPLICATIONS),
        outcome_limits(limit),
        workers=arguments.whole("workers", workers, 1, 512),
    )


def sweep(*overrides: str) -> SweepResult:
    """Run a sweep over scenarios, strategies and seeds, in parallel.

    Parameters
    ----------
    *overrides : str
        As on the command line: ``"sweep.replications=1000"``, ``"experiment=default"``.

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
    return run(overrides)


def report(
    dataset: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    paper: Literal["ieee", "acm"] | None = None,
    force: bool = False,
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
    force : bool
        Write into a folder that holds something already.

    Returns
    -------
    ReportResult
        What was written, and the summary as a table.

    Raises
    ------
    patchopt.errors.PatchoptError
        If the dataset cannot be read, or the report not be written.
    """
    from pathlib import Path

    from patchopt.arguments import need_path, one_of
    from patchopt.reports import write_report

    folders: list[Any] = list(dataset) if isinstance(dataset, list | tuple) else [dataset]
    for folder in folders:
        need_path("dataset", folder)
    need_path("out", out)
    if paper is not None:
        one_of("paper", paper, ("ieee", "acm"))
    every = (Path(folder) for folder in folders)
    return write_report(*every, out=Path(out), paper=paper, force=force)
