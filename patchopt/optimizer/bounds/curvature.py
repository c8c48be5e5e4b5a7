"""Directions that know how the dual function curves: limited-memory quasi-Newton steps.

What gradients have changed by along the last moves stands for the curvature (Liu, Nocedal, On the
limited memory BFGS method for large scale optimization, Mathematical Programming 45, 1989).
Prices that are 0 and would fall stay out of it (Bertsekas, Projected Newton methods for
optimization problems with simple constraints, SIAM J. Control and Optimization 20, 1982).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from patchopt.compiling.jit import inner, outer
from patchopt.model.base import Floats, Ints


class Memory(NamedTuple):
    """The last moves.

    Parameters
    ----------
    moves, turns : ndarray of float64, shape (m, n)
        Of prices, and by how much gradients have fallen, in a ring.
    state : ndarray of int64, shape (2,)
        How many are known, and which is the newest.
    shares : ndarray of float64, shape (m, 2)
        Scratch.
    """

    moves: Floats
    turns: Floats
    state: Ints
    shares: Floats


def new_memory(moves: int, prices: int) -> Memory:
    """Return room for some moves of so many prices."""
    return Memory(
        moves=np.zeros((moves, prices)),
        turns=np.zeros((moves, prices)),
        state=np.zeros(2, np.int64),
        shares=np.zeros((moves, 2)),
    )


@inner
def _take_back(prices: Floats, gradient: Floats, memory: Memory, at: int, ahead: Floats) -> None:
    """Take out of a direction what a move has in it, as far as it is not held at 0."""
    moves, turns = memory.moves[at], memory.turns[at]
    curved, along = 0.0, 0.0
    for i in range(len(prices)):
        if prices[i] > 0.0 or gradient[i] > 0.0:
            curved += moves[i] * turns[i]
            along += moves[i] * ahead[i]
    share = along / curved if curved > 0.0 else 0.0
    for i in range(len(prices)):
        if prices[i] > 0.0 or gradient[i] > 0.0:
            ahead[i] -= share * turns[i]
    memory.shares[at, 0] = curved
    memory.shares[at, 1] = share


@inner
def _put_in(prices: Floats, gradient: Floats, memory: Memory, at: int, ahead: Floats) -> None:
    """Put in what a move had in it, by its own curvature."""
    curved = memory.shares[at, 0]
    if curved <= 0.0:
        return
    moves, turns = memory.moves[at], memory.turns[at]
    across = 0.0
    for i in range(len(prices)):
        across += turns[i] * ahead[i]
    share = memory.shares[at, 1] - across / curved
    for i in range(len(prices)):
        if prices[i] > 0.0 or gradient[i] > 0.0:
            ahead[i] += share * moves[i]


@inner
def _scale(
    prices: Floats, gradient: Floats, scale: Floats, step: float, memory: Memory, ahead: Floats
) -> None:
    """Divide by the guess of the curvature, made to fit the newest move."""
    if memory.state[0] > 0 and memory.shares[memory.state[1], 0] > 0.0:
        turns, square = memory.turns[memory.state[1]], 0.0
        for i in range(len(prices)):
            if prices[i] > 0.0 or gradient[i] > 0.0:
                square += turns[i] * scale[i] * turns[i]
        step = memory.shares[memory.state[1], 0] / square
    for i in range(len(prices)):
        ahead[i] *= step * scale[i]


@outer
def direct(
    prices: Floats, gradient: Floats, scale: Floats, step: float, memory: Memory, ahead: Floats
) -> float:
    """Find the direction to go.

    Parameters
    ----------
    prices, gradient, scale : ndarray of float64, shape (n,)
        Where the ascent is, the gradient there, and a first guess of one over the curvature.
    step : float
        How much of that guess to believe while nothing is known.
    memory : Memory
        The last moves.
    ahead : ndarray of float64, shape (n,)
        Receives the direction.

    Returns
    -------
    float
        Gradient times direction, above 0 but where the gradient leads nowhere. O(m n).
    """
    size, known = len(memory.moves), memory.state[0]
    for i in range(len(prices)):
        ahead[i] = gradient[i] if prices[i] > 0.0 or gradient[i] > 0.0 else 0.0
    for back in range(known):
        _take_back(prices, gradient, memory, (memory.state[1] - back) % size, ahead)
    _scale(prices, gradient, scale, step, memory, ahead)
    for back in range(known - 1, -1, -1):
        _put_in(prices, gradient, memory, (memory.state[1] - back) % size, ahead)
    slope = 0.0
    for i in range(len(prices)):
        slope += gradient[i] * ahead[i]
    return slope


@outer
def go(prices: Floats, ahead: Floats, share: float, to: Floats, gradient: Floats) -> float:
    """Go some of the way, onto prices of at least 0; return gradient times move."""
    along = 0.0
    for i in range(len(prices)):
        to[i] = max(0.0, prices[i] + share * ahead[i])
        along += gradient[i] * (to[i] - prices[i])
    return along


@outer
def remember(
    memory: Memory, prices: Floats, to: Floats, gradient: Floats, gradient_there: Floats
) -> None:
    """Note a move if the function curves along it."""
    size = len(memory.moves)
    at = (memory.state[1] + 1) % size
    curved, square = 0.0, 0.0
    for i in range(len(prices)):
        move, turn = to[i] - prices[i], gradient[i] - gradient_there[i]
        memory.moves[at, i] = move
        memory.turns[at, i] = turn
        curved += move * turn
        square += turn * turn
    if curved > 0.0 and square > 0.0:
        memory.state[1] = at
        memory.state[0] = min(size, memory.state[0] + 1)
