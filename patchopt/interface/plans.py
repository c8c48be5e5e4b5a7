"""Of the public interface: scenarios and plans, and what one plan comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from patchopt.model.plan import Plan
    from patchopt.model.scenario import Scenario
    from patchopt.optimizer import Progress
    from patchopt.simulator import Outcome


def load_scenario(scenario: str | Path, *, failures: str | Path | None = None) -> Scenario:
    """Load and check a scenario.

    Parameters
    ----------
    scenario : str or Path
        A YAML file, or the name of a bundled scenario.
    failures : str or Path, optional
        A preset, or its file, in place of the scenario's own failures.

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
    return under(load(scenario), failures)


def under(scenario: Scenario, failures: str | Path | None) -> Scenario:
    """Return a scenario with a preset in place of its own failures, or as it is."""
    if failures is None:
        return scenario
    from patchopt.arguments import need_path
    from patchopt.files import load_preset
    from patchopt.model.presets import with_failures

    need_path("failures", failures)
    return with_failures(scenario, load_preset(str(failures)))


def load_plan(path: str | Path) -> Plan:
    """Load a plan.

    Parameters
    ----------
    path : str or Path
        Of a ``plan.json``.

    Raises
    ------
    patchopt.errors.PlanError
        With every place that is wrong.
    """
    from pathlib import Path

    from patchopt.arguments import need_path
    from patchopt.files import read_plan

    need_path("path", path)
    return read_plan(Path(path))


def save_plan(plan: Plan, path: str | Path, *, force: bool = False) -> None:
    """Save a plan, with its certificate and what is expected of it.

    Parameters
    ----------
    plan : Plan
        What is saved; `load_plan` gives the same.
    path : str or Path
        Of the file, such as ``plan.json``; written whole or not at all.
    force : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    patchopt.errors.OutputError
        If it is there already, or cannot be written.
    """
    from pathlib import Path

    from patchopt.arguments import need_path, need_plan
    from patchopt.files import plan_json
    from patchopt.files.output import atomic_write

    need_plan(plan)
    need_path("path", path)
    with atomic_write(Path(path), force) as file:
        file.write(plan_json(plan))


def strategy_names() -> tuple[str, ...]:
    """Return the names of all strategies, those of other packages included."""
    from patchopt.strategies import strategy_names as names

    return tuple(names())


def metric_names() -> tuple[str, ...]:
    """Return the names of all metrics, in the order of every table."""
    from patchopt.model.metrics import METRICS

    return tuple(metric.name for metric in METRICS)


def plan(
    scenario: Scenario, strategy: str, *, failures: str | Path | None = None, **parameters: Any
) -> Plan:
    """Plan a scenario with a strategy.

    Parameters
    ----------
    scenario : Scenario
        What is to be patched.
    strategy : str
        Name of a strategy; `strategy_names` has them all.
    failures : str or Path, optional
        A preset, or its file, in place of the scenario's own failures.
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
    made = make_strategy(strategy, parameters).plan(build_infrastructure(under(scenario, failures)))
    return made if failures is None else of(made, scenario)


def of(plan: Plan, scenario: Scenario) -> Plan:
    """Return a plan that was made with other failures as one of the scenario itself."""
    from patchopt.model.build import scenario_sha256
    from patchopt.model.plan import ScenarioRef

    about = ScenarioRef(name=scenario.name, sha256=scenario_sha256(scenario))
    return plan.model_copy(update={"scenario": about})


def simulate(
    scenario: Scenario,
    plan: Plan,
    *,
    failures: str | Path | None = None,
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
    failures : str or Path, optional
        A preset, or its file, in place of the scenario's own failures.
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
    from patchopt.model.build import build_infrastructure, scenario_sha256
    from patchopt.simulator import simulate as run

    arguments.need_scenario(scenario)
    arguments.need_plan(plan)
    given = scenario.seed if seed is None else seed
    met = under(scenario, failures)
    if failures is not None and plan.scenario.sha256 == scenario_sha256(scenario):
        plan = of(plan, met)
    return run(
        build_infrastructure(met),
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
    watch: Callable[[Progress], None] | None = None,
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
    watch : callable, optional
        Told of every new incumbent and bound, from whichever thread has it; `draw_convergence`
        draws what it was told.

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
    return maker.solve(build_infrastructure(scenario), watch=watch).plan
