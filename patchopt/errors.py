"""Every error that a user of patchopt can meet, under one base class.

An error says what is wrong, where, and what would do. The command line prints
exactly that and ends with exit code 2; a notebook sees an ordinary exception.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final


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
        """Return the problem as one line, as compilers do: ``file:line:column: ...``.

        Without a source it begins with the path.
        """
        position = "" if self.line is None else f":{self.line}:{self.column}"
        path = ".".join(str(part) for part in self.path)
        where = f" {path}:" if path else ""
        return f"{source}{position}:{where} {self.message}; {self.remedy}".removeprefix(": ")


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


class ClusterError(PatchoptError):
    """Workers on other machines that cannot be reached, or cannot work."""


def as_line(error: BaseException) -> str:
    """Return an error as it goes into a row or a message: errors of ours without their kind.

    Examples
    --------
    >>> as_line(PatchoptError("no such plan")), as_line(ValueError("2"))
    ('no such plan', 'ValueError: 2')
    """
    kind = "" if isinstance(error, PatchoptError) else f"{type(error).__name__}: "
    return f"{kind}{error}".strip() or type(error).__name__


class Suggestions:
    """What was probably meant, for any number of wrong names among the same right ones.

    Only the first few names are compared, each with the right ones that sort next to it,
    so that a file full of mistakes is refused as fast as one with a single mistake.

    Parameters
    ----------
    names : iterable of str
        What would have been right.

    Examples
    --------
    >>> Suggestions(["rolling", "canary"]).remedy("rollin")
    "did you mean 'rolling'?"
    """

    #: Most names that are looked up, and most right ones that each is compared with.
    LOOKUPS: Final = 12
    COMPARED: Final = 2_000

    def __init__(self, names: Iterable[str]):
        self._names = names
        self._looked_up: dict[str, str] = {}

    @cached_property
    def _known(self) -> list[str]:
        return sorted(self._names)

    def remedy(self, name: str) -> str:
        """Return the remedy for a wrong name: the nearest right one, or which ones there are."""
        if name not in self._looked_up:
            if len(self._looked_up) >= self.LOOKUPS:
                return self._listed(name)
            close = difflib.get_close_matches(name, self._beside(name), n=1)
            found = f"did you mean '{close[0]}'?" if close else self._listed(name)
            self._looked_up[name] = found
        return self._looked_up[name]

    def _beside(self, name: str) -> list[str]:
        first = max(0, bisect_left(self._known, name) - self.COMPARED // 2)
        return [known for known in self._known[first : first + self.COMPARED] if known != name]

    def _listed(self, name: str) -> str:
        shown = [known for known in self._known[:13] if known != name][:12]
        if not shown:
            return "none are defined" if not self._known else "there is no other"
        rest = len(self._known) - len(shown) - (name in self._known)
        return f"known are {', '.join(shown)}" + (f" and {rest} more" if rest else "")


def nearest(name: str, names: Iterable[str]) -> str:
    """Say which known name was probably meant, and which ones there are.

    Parameters
    ----------
    name : str
        What the user wrote; never suggested, wherever else it may be right.
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
    return Suggestions(names).remedy(name)
