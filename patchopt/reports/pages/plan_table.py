"""A plan for a person: what it takes and gives up, and its steps with what each waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from patchopt.model.events import EventKind
from patchopt.reports.pages.markdown import clock, code, escape, names, number, table
from patchopt.reports.pages.plan_summary import in_sum
from patchopt.reports.trace.events import Event, times_of
from patchopt.reports.trace.nominal import NominalRun
from patchopt.reports.trace.waits import Cause, causes
from patchopt.wording import plural

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Gate, Plan, Step

_DOES: Final = {
    "patch": "patch in place",
    "build": "build copies of",
    "switch": "switch over",
    "pause": "pause",
}
_TIMES: Final = """\
Start and end are those of the nominal run: nothing fails, and all takes as long as it should. \
Steps start when what they wait for is there, not by the clock.
"""
#: Place of the column of a run's times.
_RAN: Final = 7
#: Beyond that many patches, services, hosts or steps in one cell, only their number is told.
_MOST: Final = 4


def plan_parts(
    infrastructure: Infrastructure, plan: Plan, events: Sequence[Event] = ()
) -> list[str]:
    """Return the parts of a page that tell of a plan.

    Parameters
    ----------
    infrastructure : Infrastructure
        What it is for.
    plan : Plan
        What is to be done.
    events : sequence of mapping
        Of a run with failures, the first replication; its times are told too.

    Returns
    -------
    list of str
        Markdown: in sum, and step by step with the times of the nominal run.
    """
    run = NominalRun.of(infrastructure, plan)
    return [
        "## The plan\n",
        in_sum(run),
        _order(plan),
        _steps(run, events),
        _TIMES,
    ]


def _order(plan: Plan) -> str:
    steps = plan.steps
    if not steps:
        return "There is nothing to do.\n"
    guarded = sum(step.guarded for step in steps)
    timed = any(step.not_before for step in steps)
    sequence = all(step.after == ((step.id - 1,) if step.id else ()) for step in steps)
    how = "one after the other" if sequence else "each as soon as those before it have ended"
    how += ", none before its time" if timed else ""
    if guarded == len(steps):
        care = "Every step waits rather than break a constraint."
    elif guarded:
        care = f"{guarded} of them wait rather than break a constraint, the others go ahead."
    else:
        care = "None waits for a constraint: what breaks is counted."
    return f"{plural(len(steps), 'step')}, {how}. {care}\n"


def _steps(run: NominalRun, events: Sequence[Event]) -> str:
    waits = causes(run)
    told = _Nodes(run.infrastructure)
    rows = [
        [
            str(step.id),
            _does(step),
            told.patches(step),
            told.services(step),
            told.hosts(step),
            _at(run.started.get(step.id)),
            _at(run.ended.get(step.id)),
            _wait(step, run, waits[step.id]),
            _rules(step),
            escape(step.reason),
        ]
        for step in run.plan.steps
    ]
    header = [
        "step",
        "what",
        "patch (severity)",
        "service",
        "host",
        "start",
        "end",
        "waits for",
        "rules",
        "why",
    ]
    if events:
        started = times_of(events, EventKind.STEP_START)
        ended = times_of(events, EventKind.STEP_END)
        header.insert(_RAN, "ran (first replication)")
        for step, row in zip(run.plan.steps, rows, strict=True):
            row.insert(_RAN, _when(step.id, started, ended))
    return table(header, rows, [0])


def _when(step: int, started: Mapping[int, int], ended: Mapping[int, int]) -> str:
    if step not in started:
        return "never"
    return f"{clock(started[step])} to {clock(ended[step])}" if step in ended else "unfinished"


def _at(seconds: int | None) -> str:
    return "never" if seconds is None else clock(seconds)


class _Nodes:
    """What is told of the nodes of a step."""

    def __init__(self, infrastructure: Infrastructure) -> None:
        self._infrastructure = infrastructure
        scenario = infrastructure.scenario
        patches = [scenario.patch_of(entry) for entry in scenario.nodes]
        # Releases are numbered in the order in which nodes name them first.
        found = {patch[0]: float(patch[1].severity) for patch in patches if patch is not None}
        self._severity = list(found.values())

    def _numbers(self, step: Step) -> list[int]:
        return [self._infrastructure.nodes.index[name] for name in step.nodes]

    def patches(self, step: Step) -> str:
        """Name the patches of a step, each with its severity."""
        names_, of = self._infrastructure.releases.names, self._infrastructure.nodes.release
        found = dict.fromkeys(int(of[node]) for node in self._numbers(step) if of[node] >= 0)
        told = [f"{code(names_[each])} ({number(self._severity[each], 1)})" for each in found]
        return _few(told, "patches")

    def services(self, step: Step) -> str:
        """Name the services that the nodes of a step are instances of."""
        names_, of = self._infrastructure.services.names, self._infrastructure.nodes.service
        found = dict.fromkeys(names_[of[node]] for node in self._numbers(step) if of[node] >= 0)
        return _few([code(name) for name in found], "services")

    def hosts(self, step: Step) -> str:
        """Name the hosts of the nodes of a step."""
        nodes = self._infrastructure.nodes
        hosts = [int(nodes.host[node]) for node in self._numbers(step)]
        found = dict.fromkeys(nodes.ids[host] for host in hosts if host >= 0)
        return _few([code(name) for name in found], "hosts")


def _few(told: Sequence[str], nouns: str) -> str:
    return ", ".join(told) if len(told) <= _MOST else f"{len(told):,} {nouns}"


def _does(step: Step) -> str:
    if step.action != "pause":
        return f"{_DOES[step.action]} {names(step.nodes)}"
    text = f"pause {clock(step.duration)}"
    if step.gate is not None:
        text += f", then stop if more than {_allowed(step.gate)}"
    return text


def _allowed(gate: Gate) -> str:
    most = gate.max_failures
    if gate.count == "attempts":
        return f"{plural(most, 'attempt')} failed"
    return f"{plural(most, 'node')} {'is' if most == 1 else 'are'} bad"


def _rules(step: Step) -> str:
    text = "guarded" if step.guarded else "goes ahead"
    return f"{text}, gives up min\\_up of {names(step.waives)}" if step.waives else text


def _wait(step: Step, run: NominalRun, found: Iterable[Cause]) -> str:
    told = "; ".join(_cause(cause) for cause in found)
    if told or step.id in run.started:
        return told
    return "what never comes"


def _cause(cause: Cause) -> str:
    words = {
        "crew": "crew",
        "surge": "a surge slot",
        "min_up": f"min\\_up of {code(cause.name)}",
        "order": f"order: {code(cause.name)} first",
        "host": f"the end of work on {code(cause.name)}",
        "window": "a window",
        "time": "its time, not before it",
    }
    steps = _step_list(cause.steps)
    if cause.what == "step":
        return steps
    return f"{words[cause.what]} ({steps})" if steps else words[cause.what]


def _step_list(steps: Sequence[int]) -> str:
    if not steps:
        return ""
    shown = ", ".join(str(step) for step in steps[:_MOST])
    more = f" and {len(steps) - _MOST} more" if steps[_MOST:] else ""
    return f"step{'s' if len(steps) > 1 else ''} {shown}{more}"
