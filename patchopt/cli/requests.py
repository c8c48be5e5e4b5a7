"""What a command line asks for: parsed once in `commands`, then handed down whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from patchopt.reports.paper.venues import VenueName


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where a result goes and how it is printed.

    Parameters
    ----------
    out : Path, optional
        Folder to write to; without one, the result is only printed.
    force : bool
        Whether the folder may hold something already.
    as_json : bool
        Print for programs instead of people.
    """

    out: Path | None
    force: bool
    as_json: bool

    def prepare(self, begun: str | None = None) -> None:
        """Make the folder ready, before work is spent on what goes into it.

        Parameters
        ----------
        begun : str, optional
            What alone it may hold: an earlier command was interrupted, and this one goes on.

        Raises
        ------
        OutputError
            If it cannot be written to, or holds something and `force` is not given.
        """
        if self.out is not None:
            from patchopt.files import prepare_output

            goes_on = begun is not None and _holds_only(self.out, begun)
            prepare_output(self.out, self.force or goes_on)

    def write(self, texts: Mapping[str, str]) -> list[Path]:
        """Write files by their names, if there is a folder; return their paths."""
        from patchopt.files import atomic_write

        if self.out is None:
            return []
        for name, text in texts.items():
            # The folder was checked as a whole: what lies in it may be replaced.
            with atomic_write(self.out / name, force=True) as handle:
                handle.write(text)
        return [self.out / name for name in texts]


@dataclass(frozen=True, kw_only=True)
class StrategyChoice:
    """A strategy by its name, with the parameters that differ from its defaults."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """``patchopt plan``."""

    scenario: str
    strategy: StrategyChoice
    failures: str
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class SimulateRequest:
    """``patchopt simulate``.

    Parameters
    ----------
    scenario : str
        Its file or name.
    plan : StrategyChoice or Path
        Who plans, or the file of a plan.
    seed : int, optional
        Of all replications; the scenario's own without one.
    replications : int
        How many.
    failures : str
        Name or file of a preset.
    delivery : Delivery
        Where the run goes.
    """

    scenario: str
    plan: StrategyChoice | Path
    seed: int | None
    replications: int
    failures: str
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class OptimizeRequest:
    """``patchopt optimize``; `limits` are parameters of the strategy ``optimal``."""

    scenario: str
    limits: Mapping[str, Any]
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """``patchopt compare``; `replications` is a number or ``auto``, `bounded` how many of them."""

    scenario: str
    replications: int | str
    bounded: int
    time_limit: float
    seed: int | None
    workers: int
    failures: str
    stratify: bool
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class BoundRequest:
    """``patchopt bound``; `time_limit` is that of each outcome."""

    scenario: str
    replications: int
    time_limit: float
    seed: int | None
    workers: int
    failures: str
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """``patchopt generate``."""

    nodes: tuple[int, ...]
    seed: int
    count: int
    family: str
    factors: Mapping[str, Any]
    failures: str
    out: Path
    force: bool
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """``patchopt report``."""

    datasets: tuple[Path, ...]
    out: Path
    each: bool
    paper: VenueName | None
    reference: tuple[str, ...]
    workers: int
    force: bool
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class ArchiveRequest:
    """``patchopt archive``."""

    datasets: tuple[Path, ...]
    out: Path
    force: bool
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class ReproduceRequest:
    """``patchopt reproduce``."""

    archive: Path
    quick: bool
    workers: int
    as_json: bool


def _holds_only(folder: Path, name: str) -> bool:
    try:
        return [path.name for path in folder.iterdir()] == [name]
    except OSError:
        return False
