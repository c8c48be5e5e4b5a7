"""Streams that meet: who is told what, and that nothing that was found is lost."""

from __future__ import annotations

import time

import numpy as np
import pytest

from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import compiled
from patchopt.optimizer.progress import Tracker
from patchopt.optimizer.search.annealer import Annealer, Coded
from patchopt.optimizer.search.effort import Effort, Moves
from patchopt.optimizer.search.meeting import Meeting
from patchopt.optimizer.search.population import Population
from patchopt.optimizer.search_and_prove import first_lists
from support.lists import check_list, made


def at(objective_milli: int) -> Coded:
    return Coded(objective_milli, np.zeros(1, np.int64), np.zeros(1, np.int64))


def test_each_goes_on_from_the_best_place_where_any_is() -> None:
    meeting = Meeting()
    first, second, worse = at(7), at(5), at(9)
    assert meeting.tell(0, first) is first
    assert meeting.tell(1, second) is second
    assert meeting.tell(0, worse) is second
    # What a stream has left counts no more, however good it was; its own place wins a tie.
    assert meeting.tell(1, at(8)).objective_milli == 8
    equal = at(8)
    assert meeting.tell(0, equal) is equal


def test_it_has_begun_when_a_stream_is_somewhere() -> None:
    meeting, told = Meeting(), Meeting()
    told.tell(1, at(7))
    assert [meeting.begun, told.begun] == [False, True]


def test_who_comes_late_has_the_span_of_the_first() -> None:
    meeting, own, later = Meeting(), Moves(10), Moves(20)
    assert meeting.join(own) is own
    own.spend(4)
    assert meeting.join(later).share() == 0.4


def test_an_annealer_says_where_it_is_and_what_was_best() -> None:
    decoder = Decoder(made("strict", 50, 1000), compiled())
    annealer = Annealer(decoder)
    annealer.start(first_lists(decoder)[0], 0)
    annealer.go_on(300, 1e9)  # so hot that it strays
    for coded in (annealer.present(), annealer.best()):
        assert decoder.value(coded.order, coded.wanted) == coded.objective_milli
    assert annealer.present().objective_milli > annealer.best().objective_milli


@pytest.mark.slow
@pytest.mark.parametrize("family", ["strict", "no_blue_green"])
def test_streams_side_by_side_keep_the_best(family: str) -> None:
    problem = made(family, 1000, 1000)
    decoder = Decoder(problem, compiled())
    begins = first_lists(decoder)
    tracker = Tracker(begins[0].objective_milli, 0)
    effort = Effort(seconds=1.0, rate=1e4, by_clock=True)
    population = Population(decoder, begins, 0, effort, tracker)
    assert not population.search(threads=2, before=lambda: time.sleep(0.4))  # comes late
    best = population.best
    check_list(problem, best.order)
    assert decoder.value(best.order, best.wanted) == best.objective_milli
    assert best.objective_milli == tracker.objective_milli <= begins[0].objective_milli
