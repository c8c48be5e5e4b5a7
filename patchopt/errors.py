"""Every error that a user of patchopt can meet, under one base class.

An error says what is wrong, where, and what would do. The command line prints
exactly that and ends with exit code 2; a notebook sees an ordinary exception.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class PatchoptError(Exception):
    """A mistake in what the user gave, with its place and its remedy.

    Parameters
    ----------
    message : str
        What is wrong, one sentence without a full stop.
    place : str, optional
        Where: a file with line and column, an option, a key.
    remedy : str, optional
        What would do instead.

    Examples
    --------
    >>> print(PatchoptError("unknown strategy 'rollin'", remedy="did you mean 'rolling'?"))
    unknown strategy 'rollin': did you mean 'rolling'?
    """

    def __init__(self, message: str, *, place: str | None = None, remedy: str | None = None):
        super().__init__(message, place, remedy)
        self.message = message
        self.place = place
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process, keyword arguments included."""
        return _rebuild, (type(self), self.__dict__)

    def __str__(self) -> str:
        """One line: place, message, remedy."""
        text = self.message if self.place is None else f"{self.place}: {self.message}"
        return text if self.remedy is None else f"{text}: {self.remedy}"


def _rebuild(cls: type[PatchoptError], state: dict[str, object]) -> PatchoptError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    error.args = (state.get("message"), state.get("place"), state.get("remedy"))
    return error


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a scenario.

    Parameters
    ----------
    path : tuple of str or int
        Keys and indices from the top of the document to the place.
    message : str
        What is wrong.
    remedy : str
        What would do.
    line, column : int, optional
        Position in the file, counted from 1, once the reader has looked it up.
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str
    line: int | None = None
    column: int | None = None

    def render(self, source: str) -> str:
        """Return the problem as one line, as compilers do: ``file:line:column: ...``."""
        position = "" if self.line is None else f":{self.line}:{self.column}"
        path = ".".join(str(part) for part in self.path)
        where = f" {path}:" if path else ""
        return f"{source}{position}:{where} {self.message}; {self.remedy}"


class ScenarioError(PatchoptError):
    """A scenario that cannot be used, with every problem that was found in it.

    Parameters
    ----------
    problems : sequence of Problem
        All of them, in the order of the file.
    source : str
        Name of the file, or a stand-in for it.
    """

    def __init__(self, problems: Sequence[Problem], source: str = "scenario"):
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(problem.render(source) for problem in problems))

    def __str__(self) -> str:
        """One line a problem."""
        return self.message


class PlanError(PatchoptError):
    """A plan that is malformed or does not fit its scenario."""


class StrategyError(PatchoptError):
    """An unknown strategy or parameter, or a value that it does not take."""


class InfeasibleError(PatchoptError):
    """A scenario that a planner was told not to break, and cannot plan unbroken."""


class DatasetError(PatchoptError):
    """A dataset that is missing, damaged or of another schema version."""


class OutputError(PatchoptError):
    """An output that exists already or cannot be written."""


class ConfigError(PatchoptError):
    """A sweep's configuration that cannot be used."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Say which known name was probably meant, and which ones there are.

    Parameters
    ----------
    name : str
        What the user wrote.
    names : iterable of str
        What would have been right.

    Returns
    -------
    str
        A remedy, ready for an error.

    Examples
    --------
    >>> nearest("rollin", ["rolling", "canary"])
    "did you mean 'rolling'?"
    >>> nearest("x", ["rolling", "canary"])
    'known are canary, rolling'
    """
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    if not known:
        return "none are defined"
    shown = ", ".join(known[:12])
    return f"known are {shown}" + (f" and {len(known) - 12} more" if len(known) > 12 else "")
