"""One run of one rival of the optimiser on one made-up instance."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from rival_cases import Case, Rival, checked
from tables import machine

from patchopt.generate import factors_of, instance
from patchopt.model.build import build_infrastructure

Line = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A rival.

    Parameters
    ----------
    module, function : str
        What plans.
    most : int
        Nodes up to which it is asked.
    packages : tuple of str
        What it is made of; the first may be missing.
    takes_time : bool
        Whether it takes all the time that there is.
    """

    module: str
    function: str
    most: int
    packages: tuple[str, ...]
    takes_time: bool = True


RIVALS = {
    "PyJobShop": Entry("rival_pyjobshop", "by_pyjobshop", 1_000, ("pyjobshop", "ortools")),
    "CP-SAT": Entry("rival_cp_sat", "by_cp_sat", 1_000, ("ortools",)),
    "HiGHS": Entry("rival_time_indexed", "by_time_indexed", 200, ("scipy",)),
    "list W/L": Entry("rival_lists", "by_weight_per_second", 100_000, (), False),
    "list W/(qL)": Entry("rival_lists", "by_weight_per_node_second", 100_000, (), False),
}


def missing(name: str) -> str | None:
    """Return the package that a rival would need and that is not installed; None if all are."""
    packages = RIVALS[name].packages
    return next((package for package in packages if find_spec(package) is None), None)


def rival(name: str) -> Rival:
    """Return a rival."""
    entry = RIVALS[name]
    found: Rival = getattr(import_module(entry.module), entry.function)
    return found


def measured(name: str, family: str, nodes: int, seed: int, time_s: float) -> Line:
    """Let a rival plan an instance, check the plan, and tell everything.

    Exposures are in milli-weight-seconds. Time counts from before the building of the
    infrastructure; checking is not in it.
    """
    plans = rival(name)
    warm = build_infrastructure(instance(factors_of(family, 10), 1))
    plans(Case(warm, 1.0))
    scenario = instance(factors_of(family, nodes), seed)
    begun, begun_cpu = time.monotonic(), time.process_time()
    case = Case(build_infrastructure(scenario), time_s, begun)
    answer = plans(case)
    taken, cpu = time.monotonic() - begun, time.process_time() - begun_cpu
    return {
        "rival": name,
        "family": family,
        "nodes": nodes,
        "seed": seed,
        "time_s": time_s,
        **checked(case, answer),
        "stated": answer.stated_milli,
        "bound": answer.bound_milli,
        "proven": answer.proven,
        "note": answer.note,
        "seconds": round(taken, 3),
        "cpu_s": round(cpu, 3),
        "packages": {package: version(package) for package in RIVALS[name].packages},
        "machine": machine(),
    }
