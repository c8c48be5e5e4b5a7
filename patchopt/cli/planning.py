"""``patchopt plan`` and ``patchopt optimize``: a plan, its page and its certificate."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from patchopt.cli import printing, stopping
from patchopt.cli.progress import progress

if TYPE_CHECKING:
    from patchopt.cli.requests import Delivery, OptimizeRequest, PlanRequest
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Certificate, Plan, ScenarioRef
    from patchopt.model.scenario import Scenario
    from patchopt.optimizer import Progress
    from patchopt.strategies import Strategy

#: Lines of progress in a log are so much of the time that has gone apart.
_SELDOM = 0.1


def built_with_warnings(scenario: Scenario) -> Infrastructure:
    """Build a scenario and print the warnings about it."""
    from patchopt.model.build import build_infrastructure

    infrastructure = build_infrastructure(scenario)
    for warning in infrastructure.warnings:
        printing.warn(warning)
    return infrastructure


def deliver_plan(request: PlanRequest) -> None:
    """Plan a scenario with a strategy; write and print the plan."""
    from patchopt.files import load_preset, load_scenario
    from patchopt.model.build import scenario_sha256
    from patchopt.model.plan import ScenarioRef
    from patchopt.model.presets import with_failures
    from patchopt.strategies import make_strategy

    maker = make_strategy(request.strategy.name, request.strategy.parameters)
    preset = load_preset(request.failures)
    written = load_scenario(request.scenario)
    infrastructure = built_with_warnings(with_failures(written, preset))
    request.delivery.prepare()
    plan = _planned(maker, infrastructure)
    # Its file can be checked and simulated with or without the preset.
    about = ScenarioRef(name=written.name, sha256=scenario_sha256(written))
    _publish(infrastructure, plan, request.delivery, about)
    if plan.expectation is not None and request.delivery.out and not request.delivery.as_json:
        from patchopt.reports.pages.expectation import expectation_text

        sys.stdout.write(f"{expectation_text(plan.expectation)}\n")


def _planned(maker: Strategy, infrastructure: Infrastructure) -> Plan:
    """Plan, and show the progress of what may take a while."""
    from patchopt.strategies.expected import ExpectedStrategy

    if not isinstance(maker, ExpectedStrategy):
        return maker.plan(infrastructure)
    with progress() as show:
        return maker.solve(infrastructure, workers=os.cpu_count() or 1, watch=show)


def deliver_optimum(request: OptimizeRequest) -> int:
    """Search for the nominal optimum, write and print the plan, and return the exit code."""
    from patchopt.files import load_scenario
    from patchopt.strategies import make_strategy
    from patchopt.strategies.optimal import Optimal

    begun = time.monotonic()
    maker = make_strategy("optimal", request.limits)
    assert isinstance(maker, Optimal)  # noqa: S101 - that is what the name stands for
    infrastructure = built_with_warnings(load_scenario(request.scenario))
    request.delivery.prepare()
    line = _ProgressLine()
    solution = maker.solve(infrastructure, line.show, begun)
    line.close()
    _publish(infrastructure, solution.plan, request.delivery)
    if not request.delivery.as_json:
        _print_certificate(solution.certificate)
    if solution.interrupted:
        printing.note("interrupted: the best plan so far is kept")
    return stopping.INTERRUPTED if solution.interrupted else 0


def _publish(
    infrastructure: Infrastructure,
    plan: Plan,
    delivery: Delivery,
    about: ScenarioRef | None = None,
) -> None:
    from patchopt.files import plan_json
    from patchopt.reports import plan_page

    page = plan_page(infrastructure, plan)
    if about is not None:
        plan = plan.model_copy(update={"scenario": about})
    written = delivery.write({"plan.json": plan_json(plan), "report.md": page})
    if delivery.as_json:
        printing.as_json(plan.model_dump(mode="json"))
    elif not written:
        sys.stdout.write(page)
    else:
        sys.stdout.write(f"{len(plan.steps)} steps: {', '.join(map(str, written))}\n")


def _print_certificate(found: Certificate) -> None:
    from patchopt.model.quantities import format_milli

    value, bound = format_milli(found.objective or 0), format_milli(found.bound or 0)
    what = "nominal optimum, proven" if found.status == "optimal" else "best plan known"
    if found.objective is None:
        what = f"no plan ({found.status})"
    sys.stdout.write(
        f"{what}: exposure {value} weight·s, proven bound {bound}, "
        f"gap {100 * (found.gap or 0):.3f}%\n"
    )


class _ProgressLine:
    """Incumbent, bound and gap on standard error: one line that changes on a terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._next = 0.0
        self._last = ""

    def show(self, progress: Progress) -> None:
        from patchopt.model.quantities import format_milli

        value, bound = format_milli(progress.objective_milli), format_milli(progress.bound_milli)
        text = (
            f"{progress.wall_time_s:7.1f} s  incumbent {value}  bound {bound}  "
            f"gap {100 * progress.gap:.3f}%"
        )
        with self._lock:
            if self._terminal:
                sys.stderr.write(f"\r\x1b[2K{text}")
                sys.stderr.flush()
            elif progress.wall_time_s >= self._next:
                sys.stderr.write(f"{text}\n")
                # A log gets a line every second at first, then seldom.
                self._next = progress.wall_time_s + max(1.0, _SELDOM * progress.wall_time_s)
                text = ""
            self._last = text

    def close(self) -> None:
        if self._terminal or self._last:
            sys.stderr.write("\n" if self._terminal else f"{self._last}\n")
