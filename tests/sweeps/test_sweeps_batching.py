"""Jobs hold every cell once, as many as fit into a second, fewer towards the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchopt.files.store.parts import PartCell
from patchopt.sweeps.batching import Batches
from patchopt.sweeps.work import CellWork, Job


def cells(many: int, count: int, scenario: str = "shop") -> list[CellWork]:
    return [
        CellWork(
            run=f"run of {scenario}",
            plan="plan",
            scenario=scenario,
            seed=1,
            first=at * count,
            count=count,
            stratified=False,
        )
        for at in range(many)
    ]


def run(cells: list[CellWork], workers: int, second: float) -> list[Job]:
    """Take all jobs, each cell of which takes so many seconds a replication."""
    batches = Batches(cells, sum(cell.count for cell in cells), workers)
    found = []
    for job in batches:
        found.append(job)
        for cell in job.cells:
            spent_s = second * cell.count
            done = PartCell(run=cell.run, first=cell.first, count=cell.count, wall_time_s=spent_s)
            batches.seen(done)
    return found


def test_jobs_grow_to_a_second_and_shrink_towards_the_end() -> None:
    # A cell takes 0.09 s: 100 of them 9 s, of which three rounds for two workers leave
    # 1.5 s a job at first, more than the second that a job may take, so 11 cells it is.
    jobs = [len(job.cells) for job in run(cells(100, 10), 2, 0.009)]
    assert jobs[:4] == [1, 11, 11, 11]
    assert jobs[-1] == 1
    assert sorted(jobs[1:], reverse=True) == jobs[1:]
    assert sum(jobs) == 100


def test_a_cell_longer_than_a_second_is_a_job_of_its_own() -> None:
    assert [len(job.cells) for job in run(cells(4, 10), 2, 5.0)] == [1, 1, 1, 1]


def test_jobs_end_where_memory_would() -> None:
    # 100,000 replications a cell that take no time at all: two cells are 200,000, three too many.
    jobs = run(cells(5, 100_000), 1, 0.0)
    assert [len(job.cells) for job in jobs] == [1, 2, 2]


@given(
    sizes=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 2_000)), max_size=4),
    workers=st.integers(1, 9),
    second=st.floats(0, 0.01),
)
def test_every_cell_is_in_one_job_in_its_order(
    sizes: list[tuple[int, int]], workers: int, second: float
) -> None:
    asked = [cell for at, size in enumerate(sizes) for cell in cells(*size, scenario=f"s{at}")]
    jobs = run(asked, workers, second)
    assert [cell for job in jobs for cell in job.cells] == asked
    assert all(job.cells for job in jobs)
    assert len({job.name for job in jobs}) == len(jobs)
