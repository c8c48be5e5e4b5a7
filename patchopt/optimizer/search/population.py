"""Annealings from several lists, side by side, and once more from the best of all.

Longer single annealings bring less than several, and what is best at the end gets better
when it is warmed up again, in half of the instances that were tried. Where closings cut the work of
many, a stream anneals one list and packs what comes of it by turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from patchopt.model.base import Floats
from patchopt.optimizer.beside import side_by_side
from patchopt.optimizer.closings.packer import Packer, packable
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.progress import Tracker
from patchopt.optimizer.search.annealer import Annealer, Coded
from patchopt.optimizer.search.effort import Effort, Span
from patchopt.optimizer.search.mixing import Mixer, share_of_mixing
from patchopt.optimizer.search.temperatures import Temperatures, temperatures

#: Streams of runs, whatever the number of threads: what is found does not depend on it.
STREAMS: Final = 2
#: Runs begin at so many of the lists, the best first.
_LISTS: Final = 3
#: Share of the last run of a stream, which begins at the best of all, so much cooler.
_LAST: Final = 0.3
_COOLER: Final = 3.0
#: Moves of a run, but for large problems, where one takes all there is.
_MOVES: Final = 300_000
_LARGE: Final = 600
_MOST_RUNS: Final = 1000
#: Under strict order a stream begins with mixing priorities, but for so few tasks.
_FEW: Final = 20
#: Where closings cut the crew's work, a run anneals, packs, and so on by turns, for so long each,
#: after the first packing so much cooler.
_TURNS: Final = (0.15, 0.2, 0.1, 0.25, 0.05, 0.2, 0.05)
_COOLER_PACKED: Final = 0.3
#: Trials of a packing that take as long as a move of a list, for each task.
_TRIALS_PER_TASK: Final = 0.3


@dataclass(frozen=True)
class _Stream:
    number: int
    begins: list[Coded]
    temperatures: Temperatures
    mixer: Mixer | None = None


class Population:
    """The best lists so far, and the search for better ones.

    Parameters
    ----------
    decoder : Decoder
        Of the problem, of at least one task.
    begins : list of Coded
        To begin at, at least one; the best first.
    seed : int
        Of the search.
    effort : Effort
        Of each of two streams of runs.
    tracker : Tracker
        Told of every better objective; knows when it is good enough.
    """

    def __init__(
        self,
        decoder: Decoder,
        begins: list[Coded],
        seed: int,
        effort: Effort,
        tracker: Tracker,
    ) -> None:
        self._decoder = decoder
        self._large = len(decoder.problem.tasks) > _LARGE
        self._packed = self._large and packable(decoder.problem)
        ordered = len(decoder.arrays.below) > 0 and len(decoder.problem.tasks) > _FEW
        self._mixer = Mixer(decoder) if ordered else None
        # Those behind the best have more to be packed, and become no better by that.
        self._begins = begins[: 1 if self._packed else _LISTS]
        self._seed = seed
        self._effort = effort
        self._tracker = tracker
        #: Whether it is to end soon.
        self.stopped = False
        self._enough_milli = 0
        #: The best list so far.
        self.best = begins[0]
        #: What starts cost more than they might, and seconds of a cell, once somebody knows.
        self.guide: tuple[Floats, int] | None = None
        #: When tasks are thought to start, once somebody knows; see `Mixer.mix`.
        self.expected_s: Floats | None = None

    def stop(self) -> None:
        """Let all runs end soon; what they have found is kept."""
        self.stopped = True

    def search(self, threads: int, before: Callable[[], None] | None = None) -> bool:
        """Search from the lists, then from the best that has been found.

        Parameters
        ----------
        threads : int
            At a time.
        before : callable, optional
            Done by the first stream before its runs; its time counts where the clock does.

        Returns
        -------
        bool
            Whether Ctrl-C came.
        """
        runs, last = self._plan()
        hot, cold = temperatures(self._decoder.problem)
        begins = [self._begins[run % len(self._begins)] for run in range(STREAMS * runs)]
        streams = [
            _Stream(number, begins[number::STREAMS], Temperatures(hot, cold), self._mixer)
            for number in range(STREAMS)
        ]
        interrupted = self._go(streams, 1.0 - last, threads, before)
        if last == 0.0 or interrupted or self._tracker.met:
            return interrupted
        cooler = Temperatures(hot / _COOLER, cold)
        again = [_Stream(STREAMS + number, [self.best], cooler) for number in range(STREAMS)]
        return self._go(again, last, threads, None)

    def _plan(self) -> tuple[int, float]:
        """Return the number of runs of a stream, and the share of the last one."""
        if self._large:
            return 1, 0.0
        moves = self._effort.seconds * self._effort.rate * (1.0 - _LAST)
        return min(_MOST_RUNS, max(1, round(moves / _MOVES))), _LAST

    def _go(
        self,
        streams: list[_Stream],
        share: float,
        threads: int,
        before: Callable[[], None] | None,
    ) -> bool:
        # Where moves count, what is enough is asked between phases alone: so it is always the same.
        self._enough_milli = self._tracker.enough_milli
        work = self._take_turns if self._packed else self._run_all
        works = [
            partial(work, stream, share, before if stream.number == 0 else None)
            for stream in streams
        ]
        found, interrupted = side_by_side(works, threads, self.stop)
        for coded in found:
            if coded.objective_milli < self.best.objective_milli:
                self.best = coded
        return interrupted

    def _run_all(self, stream: _Stream, share: float, before: Callable[[], None] | None) -> Coded:
        """Do the runs of a stream; return the best of them, the first of equal ones.

        By the clock a stream begins anew when it is known when tasks are thought to start.
        """
        parts = self._parts(stream)
        spans, again = (self._effort.spans(share, parts) for _ in range(2))
        if before is not None:
            before()
        known_s = self._expected_s(stream)
        best = self._runs(stream, stream.begins, spans, known_s)
        if self._learnt(stream, known_s) and not self._ended(best.objective_milli):
            begins = [best, *stream.begins[1:]]
            best = self._runs(stream, begins, again, self._expected_s(stream))
        return best

    def _expected_s(self, stream: _Stream) -> Floats | None:
        """Return what a stream may know: where moves count, what it has waited for."""
        return self.expected_s if stream.number == 0 or self._effort.by_clock else None

    def _learnt(self, stream: _Stream, known_s: Floats | None) -> bool:
        """Say whether by now a stream knows what it has not known, and can use it."""
        return stream.mixer is not None and known_s is None and self._expected_s(stream) is not None

    def _parts(self, stream: _Stream) -> list[float]:
        """Return how much each run of a stream takes, mixing before all others."""
        runs = len(stream.begins)
        if stream.mixer is None:
            return [1.0 / runs] * runs
        effort = self._effort
        mixing = share_of_mixing(effort.seconds * effort.rate / len(stream.begins[0].order))
        return [mixing, *([(1.0 - mixing) / runs] * runs)]

    def _runs(
        self, stream: _Stream, begins: list[Coded], spans: Iterator[Span], known_s: Floats | None
    ) -> Coded:
        def ended(own_milli: int) -> bool:
            return self._ended(own_milli) or self._learnt(stream, known_s)

        if stream.mixer is not None:
            seed = self._seed_of(stream, _MOST_RUNS - 1)
            mixed = stream.mixer.mix(begins[0], seed, next(spans), ended, known_s)
            self._tracker.objective(mixed.objective_milli)
            begins = [mixed, *begins[1:]]
        annealer = Annealer(self._decoder)
        guide = self.guide if stream.number % STREAMS == 0 else None
        best = begins[0]
        for run, (begin, span) in enumerate(zip(begins, spans, strict=True)):
            if span.share() >= 1.0:  # by the clock, and to begin takes a while
                continue
            annealer.start(begin, self._seed_of(stream, run))
            if guide is not None and run % 2 == 1:
                annealer.guide_by(*guide)
            else:
                annealer.guide_by_nothing()
            self._run(annealer, span, stream.temperatures, ended)
            if annealer.objective_milli < best.objective_milli:
                best = annealer.best()
            if ended(best.objective_milli):
                break
        return best

    def _take_turns(
        self, stream: _Stream, share: float, before: Callable[[], None] | None
    ) -> Coded:
        """Anneal the first list of a stream and pack what comes of it, by turns."""
        spans = self._effort.spans(share, _TURNS)
        if before is not None:
            before()
        annealer, packer = Annealer(self._decoder), Packer(self._decoder)
        best, (hot, cold) = stream.begins[0], stream.temperatures
        trials = max(1, int(_TRIALS_PER_TASK * len(best.order)))

        def ended() -> bool:
            return self._ended(best.objective_milli)

        for turn, span in enumerate(spans):
            seed = self._seed_of(stream, turn)
            if turn % 2 == 0:
                annealer.start(best, seed)
                self._run(annealer, span, Temperatures(hot, cold), self._ended)
                best, hot = annealer.best(), _COOLER_PACKED * stream.temperatures.hot
            else:
                best = packer.pack(best, seed, span, trials, ended)
            self._tracker.objective(best.objective_milli)
            if ended():
                break
        return best

    def _seed_of(self, stream: _Stream, run: int) -> int:
        """Return a seed that no other run of the search has."""
        return (self._seed * 2 * STREAMS + stream.number) * _MOST_RUNS + run

    def _run(
        self,
        annealer: Annealer,
        span: Span,
        temperatures: Temperatures,
        ended: Callable[[int], bool],
    ) -> None:
        hot, cold = temperatures
        while not ended(annealer.objective_milli):
            share = span.share()
            if share >= 1.0:
                return
            annealer.go_on(span.moves, hot * (cold / hot) ** share)
            span.spend(span.moves)
            self._tracker.objective(annealer.objective_milli)

    def _ended(self, own_milli: int) -> bool:
        """Say whether a stream that has found so much goes on no more.

        What others have found counts by the clock alone: when they do varies.
        """
        if self._effort.by_clock:
            return self.stopped or self._tracker.met
        return self.stopped or own_milli <= self._enough_milli
