"""Of the public interface: figures, as Matplotlib's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from patchopt.model.plan import Plan
    from patchopt.model.scenario import Scenario
    from patchopt.optimizer import Progress


def draw_pareto(summary: pd.DataFrame, title: str = "") -> Figure:
    """Draw total exposure against downtime and against completion time.

    Parameters
    ----------
    summary : DataFrame
        As from `compare`, or of one scenario of a report.
    title : str
        What was simulated; the scenario's name by default.

    Returns
    -------
    Figure
        A notebook shows it; ``figure.savefig("pareto.pdf")`` writes it.

    Raises
    ------
    patchopt.errors.PatchoptError
        For what is no summary of one scenario.
    """
    import pandas as pd

    from patchopt.errors import PatchoptError
    from patchopt.reports.figures.pareto import pareto_figure
    from patchopt.reports.figures.style import looks, style

    whole = isinstance(summary, pd.DataFrame) and "scenario" in summary
    if not whole or summary["scenario"].nunique() != 1:
        raise PatchoptError(
            "it is no summary of one scenario",
            place="summary",
            remedy="give what patchopt.compare returns, or the rows of one scenario",
        )
    rows = summary[summary["replications"] > 0]
    with style():
        return pareto_figure(
            rows, looks(summary["label"].tolist()), title or str(summary["scenario"].iloc[0])
        )


def draw_gantt(
    scenario: Scenario,
    plan: Plan,
    *,
    failures: str | Path | None = None,
    seed: int | None = None,
    replication: int = 0,
) -> Figure:
    """Draw one replication of a plan: work on every node, the crew, and the services.

    Parameters
    ----------
    scenario : Scenario
        What the plan is for.
    plan : Plan
        What is done.
    failures : str or Path, optional
        A preset, or its file, in place of the scenario's own failures.
    seed : int, optional
        Of the replication; the scenario's own by default.
    replication : int
        Its number.

    Returns
    -------
    Figure

    Raises
    ------
    patchopt.errors.PatchoptError
        If the plan does not fit the scenario, or a number is out of its limits.
    """
    from patchopt.interface.plans import of, simulate, under
    from patchopt.model.build import build_infrastructure
    from patchopt.reports.figures.scenario_figures import gantt_of_run
    from patchopt.reports.figures.style import style

    outcome = simulate(scenario, plan, failures=failures, seed=seed, first=replication, events=True)
    met = under(scenario, failures)
    title = f"{scenario.name}: {plan.strategy.name}, seed {outcome.seed}"
    with style():
        return gantt_of_run(build_infrastructure(met), of(plan, met), outcome.events, title)


def draw_convergence(
    histories: Sequence[Progress] | Mapping[str, Sequence[Progress]], title: str = ""
) -> Figure:
    """Draw how searches for the nominal optimum closed in: incumbent, bound and gap over time.

    Parameters
    ----------
    histories : sequence of Progress, or mapping of str to such
        What the `watch` of `optimize` was told; several searches of one scenario by their labels.
    title : str
        What was searched.

    Returns
    -------
    Figure
        Seconds are of the machine that searched: of another, they are others.

    Raises
    ------
    patchopt.errors.PatchoptError
        For a search of which nothing was told.

    Examples
    --------
    >>> import patchopt
    >>> told = []
    >>> scenario = patchopt.load_scenario("ha_microservices")
    >>> plan = patchopt.optimize(scenario, deterministic=True, watch=told.append)
    >>> figure = patchopt.draw_convergence(told)
    >>> told[-1].gap
    0.0
    """
    from collections.abc import Mapping

    from patchopt.errors import PatchoptError
    from patchopt.optimizer import Progress
    from patchopt.reports.figures.convergence import convergence_figure
    from patchopt.reports.figures.style import style

    by_label = histories if isinstance(histories, Mapping) else {"incumbent": histories}
    told = [[isinstance(one, Progress) for one in history] for history in by_label.values()]
    if not told or not all(history and all(history) for history in told):
        raise PatchoptError(
            "it is no history of a search, or an empty one",
            place="histories",
            remedy="give what patchopt.optimize(..., watch=told.append) has put into told",
        )
    with style():
        return convergence_figure(by_label, title)
