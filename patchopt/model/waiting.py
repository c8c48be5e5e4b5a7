"""The walk over the dependency order: what may come next, and what still waits (MODEL 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

Member = TypeVar("Member")


class Waiting(Generic[Member]):
    """Counts for some members of the dependency order what each of them still waits for.

    A member is free once all members of all components below its own are done. Components
    without a member hold nobody up, and members of one component never wait for each other.

    Parameters
    ----------
    members : iterable
        What is to come in order: units, items, numbers of tasks.
    component_of : callable
        Returns the component that a member is in.
    below : mapping of int to sequence of int
        Component to those that it depends on directly, without a cycle; a component that is
        not there depends on nothing. Empty: nobody waits.

    Examples
    --------
    >>> waiting = Waiting("abc", "abc".index, {0: [1], 1: [2], 2: []})  # a on b, b on c
    >>> waiting.first, waiting.done("c"), waiting.done("b")
    (['c'], ['b'], ['a'])
    """

    def __init__(
        self,
        members: Iterable[Member],
        component_of: Callable[[Member], int],
        below: Mapping[int, Sequence[int]],
    ) -> None:
        self._component_of = component_of
        self._members: dict[int, list[Member]] = {}
        for member in members:
            self._members.setdefault(component_of(member), []).append(member)
        self._left = {component: len(found) for component, found in self._members.items()}
        self._open = {component: len(dependencies) for component, dependencies in below.items()}
        self._users = users_of(below)
        self._ready = dict.fromkeys([*below, *self._members], 0)
        self._latest = self._ready.copy()
        #: Members that wait for nothing.
        self.first = self._first()

    def done(self, member: Member, at: int = 0) -> list[Member]:
        """Note that a free member is done; return those that this frees.

        Parameters
        ----------
        member : Member
            Each one once.
        at : int
            When; `ready` tells the members above.
        """
        component = self._component_of(member)
        self._latest[component] = max(self._latest[component], at)
        self._left[component] -= 1
        return [] if self._left[component] else self._finish(component)

    def ready(self, member: Member) -> int:
        """Return when the last member that a free one depends on was done; 0 if on none."""
        return self._ready[self._component_of(member)]

    def _first(self) -> list[Member]:
        at_once = [component for component in self._ready if not self._open.get(component)]
        freed = [member for component in at_once for member in self._members.get(component, ())]
        for component in at_once:
            if component not in self._members:
                freed += self._finish(component)
        return freed

    def _finish(self, component: int) -> list[Member]:
        """Free what waits for a component alone, also through components without members."""
        freed: list[Member] = []
        stack = [component]
        while stack:
            finished = stack.pop()
            for user in self._users.get(finished, ()):
                self._ready[user] = max(self._ready[user], self._latest[finished])
                self._open[user] -= 1
                if self._open[user]:
                    continue
                if user in self._members:
                    freed += self._members[user]
                else:
                    self._latest[user] = self._ready[user]
                    stack.append(user)
        return freed


def users_of(below: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """Turn dependencies around: component to those that depend on it directly.

    Examples
    --------
    >>> users_of({0: [2], 1: [2], 2: []})
    {2: [0, 1]}
    """
    users: dict[int, list[int]] = {}
    for component, dependencies in below.items():
        for dependency in dependencies:
            users.setdefault(dependency, []).append(component)
    return users
