"""``report.md`` of a plan and of its simulation: for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.model.metrics import NUMERIC_METRICS
from patchopt.model.quantities import format_milli
from patchopt.reports.pages.expectation import expectation_text
from patchopt.reports.pages.incidents import incidents
from patchopt.reports.pages.markdown import (
    clock,
    code,
    digits_of,
    escape,
    number,
    percent,
    table,
    with_interval,
)
from patchopt.reports.pages.plan_table import plan_parts
from patchopt.wording import plural

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Certificate, Plan
    from patchopt.simulator import Outcome


def plan_page(infrastructure: Infrastructure, plan: Plan) -> str:
    """Write the page of a plan.

    Parameters
    ----------
    infrastructure : Infrastructure
        What it is for.
    plan : Plan
        What is to be done.

    Returns
    -------
    str
        Markdown.
    """
    name = escape(infrastructure.scenario.name)
    title = f"# {name}: plan by {escape(plan.strategy.name)}\n"
    return "\n".join([title, _what(infrastructure, plan), *plan_parts(infrastructure, plan)])


def run_report(infrastructure: Infrastructure, plan: Plan, outcome: Outcome) -> str:
    """Write the page of a simulation.

    Parameters
    ----------
    infrastructure : Infrastructure
        What was patched.
    plan : Plan
        What was done.
    outcome : Outcome
        What came of it, with the events of the first replication.

    Returns
    -------
    str
        Markdown: what was run, the plan in plain words, metrics with units, what went
        wrong and when.
    """
    name, count = escape(infrastructure.scenario.name), len(outcome)
    title = f"# {name}: {escape(plan.strategy.name)}, {plural(count, 'replication')}\n"
    drawn = f"Simulated with failures drawn from seed {outcome.seed}"
    drawn += ".\n" if count == 1 else f", replications {_numbers(outcome)}.\n"
    return "\n".join(
        [
            title,
            _what(infrastructure, plan),
            drawn,
            "## What came of it\n",
            _metrics(outcome),
            *_wrong(infrastructure, plan, outcome),
            *plan_parts(infrastructure, plan, outcome.events),
        ]
    )


def _numbers(outcome: Outcome) -> str:
    return f"{int(outcome.replications[0]):,} to {int(outcome.replications[-1]):,}"


def _what(infrastructure: Infrastructure, plan: Plan) -> str:
    nodes, limits = infrastructure.nodes, infrastructure.limits
    given = ", ".join(
        f"{key} {'none' if value is None else str(value).lower()}"
        for key, value in plan.strategy.parameters.items()
    )
    strategy = f"strategy {code(plan.strategy.name)}" + (f" ({escape(given)})" if given else "")
    rules = [
        f"crew of {limits.max_parallel}" if limits.max_parallel >= 0 else "unlimited crew",
        plural(limits.surge, "surge slot") if limits.surge >= 0 else "unlimited surge",
        "dependencies first" if limits.strict else "no order by dependency",
        "1 retry" if limits.max_retries == 1 else f"{limits.max_retries} retries",
    ]
    if infrastructure.scenario.constraints.windows is not None:
        rules.append("maintenance windows")
    rules.append(f"horizon {clock(limits.horizon_s)}")
    rules += _budgets(infrastructure)
    rules += _after_stops(infrastructure)
    what = (
        f"Scenario {code(infrastructure.scenario.name)}: {plural(len(nodes), 'node')}, "
        f"{int(nodes.patched.sum())} of them to patch, in "
        f"{plural(len(infrastructure.units), 'unit')}; "
        f"{plural(len(infrastructure.services.names), 'service')}. Constraints: "
        f"{', '.join(rules)}. Planned by {strategy}.\n"
    )
    parts = [what]
    if plan.certificate is not None:
        parts.append(_certificate(plan.certificate))
    if plan.expectation is not None:
        other = plan.expectation.scenario_sha256 != infrastructure.sha256
        told = expectation_text(plan.expectation)
        parts.append(f"{told}{' Those were other failures than these.' if other else ''}\n")
    return "\n".join(parts)


def _budgets(infrastructure: Infrastructure) -> list[str]:
    limits = infrastructure.scenario.constraints
    most, share = limits.abort_after_failures, limits.abort_share
    told = [] if most is None else [f"a stop at {plural(most, 'bad node')}"]
    if share is not None:
        told.append(f"a stop if more than {percent(float(share))} of a release are bad")
    return told


def _after_stops(infrastructure: Infrastructure) -> list[str]:
    around = infrastructure.surroundings
    follows = [("a review", around.review_s), ("a new release", around.respin_s)]
    return [f"{what} {clock(delay)} after a stop" for what, delay in follows if delay >= 0]


def _certificate(found: Certificate) -> str:
    if found.objective is None or found.bound is None or found.gap is None:
        return f"The search ended as {found.status}, without a plan of its own.\n"
    value, bound = format_milli(found.objective), format_milli(found.bound)
    if found.status == "optimal":
        return (
            f"Proven the nominal optimum: without failures its exposure is {value} weight·s, and "
            f"no plan within the constraints has less.{_how_known(found)}\n"
        )
    return (
        f"Close to the nominal optimum: without failures its exposure is {value} weight·s, and no "
        f"plan within the constraints can have less than {bound} weight·s: a gap of "
        f"{percent(found.gap, 2)} at most.{_how_known(found)}\n"
    )


def _how_known(found: Certificate) -> str:
    """Say what checking the bound has come to."""
    if found.bound_is == "shown":
        return " The plan's file has the proof, which was checked."
    if found.bound_is == "not checked":
        return " That was found by search: to check it, search again."
    return ""


def _metrics(outcome: Outcome) -> str:
    from patchopt.reports.numbers.bootstrap import estimate, exact, scale_of

    frame = outcome.frame()
    alone = len(outcome) == 1
    rows = []
    for metric in NUMERIC_METRICS:
        values = exact(frame[metric.name].to_numpy(), metric.kind)[:, None]
        found, scale = estimate(values), scale_of(metric.kind)
        digits = digits_of(metric, alone)
        mean, low, high = (float(v[0]) / scale for v in (found.mean, found.low, found.high))
        cells = [code(metric.name), with_interval(mean, low, high, digits)]
        if not alone:
            worst = float(values.min() if metric.better == "higher" else values.max()) / scale
            cells.append("" if metric.better == "neither" else number(worst, digits))
        rows.append([*cells, metric.unit, metric.meaning])
    if alone:
        return table(["metric", "value", "unit", "meaning"], rows, [1])
    header = ["metric", "mean [95% interval]", "worst", "unit", "meaning"]
    return table(header, rows, [1, 2])


def _wrong(infrastructure: Infrastructure, plan: Plan, outcome: Outcome) -> list[str]:
    lines = ["## What went wrong, and when\n"]
    horizon_s = infrastructure.limits.horizon_s
    found = incidents(infrastructure, plan, outcome.events)
    if len(outcome) == 1 and outcome.exact("completion_time") > horizon_s:
        lines.append(f"The plan ends beyond the horizon of {clock(horizon_s)}.\n")
    if len(outcome) > 1:
        first = int(outcome.replications[0])
        lines += [_over_all(outcome, horizon_s), f"In the first replication, number {first}:\n"]
    if not found:
        return [*lines, "Nothing went wrong, and nothing had to wait.\n"]
    rows = [[clock(each.time_s), each.text] for each in found]
    return [*lines, table(["at", "what"], rows)]


def _over_all(outcome: Outcome, horizon_s: int) -> str:
    count = len(outcome)
    shares = [
        ("a failed attempt", "failures"),
        ("a node FAILED at the end", "failed_nodes"),
        ("a service below min_up", "downtime"),
        ("a service below min_up that no step allows", "unplanned_downtime"),
        ("an incompatible edge mixed", "incompatibility_violations"),
        ("a stop after which the plan went on", "stopped_time"),
        ("an abort", "aborted"),
    ]
    told = [
        f"{what} in {int((outcome.columns[metric] > 0).sum())}"  # type: ignore[operator]  # numbers
        for what, metric in shares
    ]
    late = outcome.columns["completion_time"] > horizon_s  # type: ignore[operator]  # numbers
    told += [f"a plan that ends beyond the horizon in {int(late.sum())}"] if late.any() else []
    lines = [f"Of {count:,} replications: {', '.join(told)}.\n"]
    frame = outcome.frame()
    reasons = frame.loc[frame["aborted"] == 1, "abort_reason"].value_counts(sort=True)
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], str(item[0])))
    lines += [f"- aborted in {times}: {escape(str(reason))}" for reason, times in ordered]
    return "\n".join(lines) + ("\n" if ordered else "")
