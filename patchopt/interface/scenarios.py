"""Of the public interface: scenarios that are made up, and written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from patchopt.model.scenario import Scenario


def make_scenario(
    family: str,
    nodes: int,
    *,
    seed: int = 0,
    failures: str | Path | None = None,
    **factors: Any,
) -> Scenario:
    """Make up a scenario from stated factors: the same arguments, the same scenario, everywhere.

    Parameters
    ----------
    family : str
        Of ``patchopt list families``.
    nodes : int
        How many, hosts among them.
    seed : int
        Of all draws.
    failures : str or Path, optional
        A preset, or its file; by default nothing fails.
    **factors
        Of ``patchopt list factors``, where they differ from the family's.

    Returns
    -------
    Scenario

    Raises
    ------
    patchopt.errors.PatchoptError
        If there is no such family or factor, or a value will not do.

    Examples
    --------
    >>> import patchopt
    >>> patchopt.make_scenario("strict", 24, seed=3, rollback=1.0, retries=1)
    <Scenario strict-24-3-2bcd3ce8: 24 nodes, 5 services>
    """
    from patchopt import arguments
    from patchopt.generate import factors_of, instance
    from patchopt.interface.plans import under

    drawn_from = factors_of(family, nodes, **factors)
    made = instance(drawn_from, arguments.whole("seed", seed, 0, arguments.SEEDS - 1))
    return under(made, failures)


def save_scenario(scenario: Scenario, path: str | Path, *, force: bool = False) -> None:
    """Save a scenario as YAML; `load_scenario` gives the same.

    Parameters
    ----------
    scenario : Scenario
        What is saved, with the failures that it has.
    path : str or Path
        Of the file; written whole or not at all, folders that are missing are made.
    force : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    patchopt.errors.OutputError
        If it is there already, or cannot be written.
    """
    from pathlib import Path

    from patchopt import arguments
    from patchopt.files.output import atomic_write
    from patchopt.files.scenario_writing import scenario_text

    arguments.need_scenario(scenario)
    arguments.need_path("path", path)
    with atomic_write(Path(path), force) as file:
        file.write(scenario_text(scenario))
