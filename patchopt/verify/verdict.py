"""What checking a plan has come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from patchopt.model.proof import Claim

#: How the bound of a certificate stands.
BoundStands = Literal["not claimed", "shown", "not checked", "not shown"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a check has found.

    Parameters
    ----------
    place : str
        Where in the plan's file.
    text : str
        What, for a person.
    wrong : bool
        Whether it makes the plan or its certificate false; else it is worth knowing.
    """

    place: str
    text: str
    wrong: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What checking a plan has come to.

    Parameters
    ----------
    exposure_milli, completion_s : int
        Of the plan, executed at nominal durations by its partial order.
    certified : bool
        Whether the plan has a certificate.
    bound : str
        How its bound stands: ``shown`` by its proof; ``not checked``, found by search alone;
        ``not shown``: its proof does not show it; ``not claimed``.
    shown_milli : int, optional
        What the proof does show, or, if it is search alone, what can be shown without.
    claims : tuple of Claim
        Those that were proven anew and used.
    findings : tuple of Finding
        Everything that is wrong, and what is worth knowing.

    Examples
    --------
    >>> note = Finding(place="strategy", text="no certificate", wrong=False)
    >>> Verdict(exposure_milli=0, completion_s=0, certified=False, findings=(note,)).valid
    True
    """

    exposure_milli: int
    completion_s: int
    certified: bool
    bound: BoundStands = "not claimed"
    shown_milli: int | None = None
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing that was looked at is wrong."""
        return not any(finding.wrong for finding in self.findings)


def wrong(place: str, text: str) -> Finding:
    """Return something that makes a plan or its certificate false."""
    return Finding(place=place, text=text, wrong=True)


def note(place: str, text: str) -> Finding:
    """Return something that is worth knowing."""
    return Finding(place=place, text=text, wrong=False)
