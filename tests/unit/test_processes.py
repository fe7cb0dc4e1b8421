"""Work in several processes: order, errors, and processes that die or are not needed any more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from carescreen.errors import CaseloadError, TooLittleMemory
from carescreen.processes import in_processes

LARGE = 300_000  # more than a pipe holds


def scaled(shared: int, number: int, filling: bytes = b"") -> tuple[int, bytes]:
    time.sleep(0.02 * (number % 3))
    return shared * number, filling


def died(_shared: None, number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refused(_shared: None, number: int) -> int:
    if number == 1:
        raise CaseloadError("visits.csv is empty.")
    return number


class Odd(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(one)


def odd(_shared: None, _number: int) -> None:
    raise Odd(1, 2)


def own(_shared: None, _number: int) -> int:
    time.sleep(0.05)
    return os.getpid()


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_come_in_the_order_of_the_jobs(processes: int) -> None:
    jobs = ((number, b"x" * LARGE) for number in range(12))
    found = list(in_processes(scaled, 10, jobs, processes))
    assert found == [(10 * number, b"x" * LARGE) for number in range(12)]


def test_no_job_is_no_result() -> None:
    assert list(in_processes(scaled, 1, [], 2)) == []


def test_jobs_are_made_as_they_are_taken() -> None:
    made = []

    def jobs() -> Iterator[tuple[int]]:
        for number in range(100):
            made.append(number)
            yield (number,)

    results = in_processes(scaled, 1, jobs(), 2)
    next(results)
    assert len(made) < 20
    results.close()  # type: ignore[attr-defined]  # a generator


def test_a_caller_with_threads_has_the_same_results() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert list(in_processes(scaled, 2, [(1,), (2,)], 2)) == [(2, b""), (4, b"")]
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_a_job_is_raised_as_it_is(processes: int) -> None:
    with pytest.raises(CaseloadError, match=r"visits\.csv is empty\.") as found:
        list(in_processes(refused, None, [(0,), (1,), (2,)], processes))
    assert str(found.value) == "visits.csv is empty."


def test_an_error_that_cannot_be_sent_is_told_by_its_kind_and_place() -> None:
    with pytest.raises(RuntimeError, match=r"Odd at test_processes\.py:\d+"):
        list(in_processes(odd, None, [(0,)], 2))


def test_a_worker_that_dies_is_an_error_with_what_to_do() -> None:
    with pytest.raises(TooLittleMemory, match="--processes 1"):
        list(in_processes(died, None, [(number,) for number in range(9)], 2))
    assert multiprocessing.active_children() == []


def test_a_worker_killed_while_it_tells_a_long_result_does_not_hold_up_the_rest() -> None:
    results = in_processes(scaled, 1, ((n, b"x" * 50_000_000) for n in range(40)), 2)
    next(results)
    for worker in multiprocessing.active_children():
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(TooLittleMemory):
        list(results)
    assert multiprocessing.active_children() == []


def test_workers_end_when_nobody_wants_more() -> None:
    results = in_processes(own, None, [(number,) for number in range(50)], 2)
    assert next(results) != os.getpid()
    results.close()  # type: ignore[attr-defined]  # a generator
    assert multiprocessing.active_children() == []
