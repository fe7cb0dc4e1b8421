"""Work in several processes: results in the order of the jobs, and no process left behind.

Worker processes hold notes. They end when the process that asked is gone, however it ended.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import joblib

from carescreen.errors import TooLittleMemory

Result = TypeVar("Result")

_AHEAD = 3  # jobs a worker whose results may wait for one before them


def in_processes(
    work: Callable[..., Result], shared: Any, jobs: Iterable[tuple[Any, ...]], processes: int
) -> Iterator[Result]:
    """What `work(shared, *job)` gives for each job, in their order; jobs are made as they are taken.

    `shared` is what all jobs need. On Linux a process without further threads is forked, so that
    its workers have `shared` without a copy; elsewhere each job carries it. TooLittleMemory where
    the system ends a worker. A daemonic process, which may have none, does all the work itself.
    """
    if processes == 1 or multiprocessing.current_process().daemon:
        yield from (work(shared, *job) for job in jobs)
    elif _can_fork():
        yield from _forked(work, shared, jobs, processes)
    else:
        # Without max_nbytes=None large arrays would pass through files in the machine's shared
        # memory: small in a container, and a killed run leaves them there.
        parallel = joblib.Parallel(
            n_jobs=processes, return_as="generator", batch_size=1, max_nbytes=None
        )
        own = os.getpid()
        try:
            yield from parallel(joblib.delayed(_watched)(own, work, shared, *job) for job in jobs)
        except BrokenProcessPool:  # joblib's error for a worker that died is one
            raise _worker_died(processes) from None


def _can_fork() -> bool:
    """A fork copies one thread only: what another one holds at that moment stays held for ever."""
    return sys.platform == "linux" and threading.active_count() == 1


def _forked(
    work: Callable[..., Result], shared: Any, jobs: Iterable[tuple[Any, ...]], processes: int
) -> Iterator[Result]:
    """Each worker has a pipe of its own, whose end is then the end of the worker: in a queue that
    several write to, one that is killed in the midst of a word leaves the others waiting for ever."""
    team = _Team(processes, work, shared)
    numbered, results, told = enumerate(jobs), dict[int, Result](), 0
    try:
        while True:
            team.take(numbered, ahead=told + _AHEAD * processes)
            if not team.busy:
                return
            results.update(team.results())
            team.take(numbered, ahead=told + _AHEAD * processes)
            while told in results:
                yield results.pop(told)
                told += 1
    finally:
        team.end()


class _Team:
    """Worker processes: those that have a job, by the pipe to each, and the pipes of those that wait."""

    def __init__(self, count: int, work: Callable[..., Any], shared: Any) -> None:
        self.busy: dict[Connection, int] = {}
        self.waiting: list[Connection] = []
        self._workers: list[BaseProcess] = []
        context = multiprocessing.get_context("fork")
        for _ in range(count):
            own, its = context.Pipe()
            arguments = (its, [*self.waiting, own], os.getpid(), work, shared)
            worker = context.Process(target=_serve, args=arguments, daemon=True)
            with warnings.catch_warnings():  # Python 3.12 counts the threads of NumPy's library
                warnings.simplefilter("ignore", DeprecationWarning)
                worker.start()
            its.close()
            self.waiting.append(own)
            self._workers.append(worker)

    def take(self, jobs: Iterator[tuple[int, tuple[Any, ...]]], ahead: int) -> None:
        """Give those that wait a job each, but none with a number from `ahead`."""
        while self.waiting and max(self.busy.values(), default=0) < ahead:
            number, job = next(jobs, (-1, ()))
            if number < 0:
                return
            pipe = self.waiting.pop()
            self.busy[pipe] = number
            try:
                pipe.send(job)
            except OSError:  # it is gone
                raise _worker_died(len(self._workers)) from None

    def results(self) -> Iterator[tuple[int, Any]]:
        """Numbers and results of jobs that are done, at least one."""
        for pipe in wait(list(self.busy)):
            assert isinstance(pipe, Connection)
            try:
                result, error = pipe.recv()
            except (EOFError, OSError):
                raise _worker_died(len(self._workers)) from None
            if error is not None:
                raise error
            yield self.busy.pop(pipe), result
            self.waiting.append(pipe)

    def end(self) -> None:
        """End the workers, with what they are at: nobody waits for it any more."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()
        for pipe in (*self.busy, *self.waiting):
            pipe.close()


def _serve(
    pipe: Connection,
    others: Iterable[Connection],
    parent: int,
    work: Callable[..., Any],
    shared: Any,
) -> None:
    """The life of a worker: a job in, its result or its error out."""
    for other in others:  # the ends that came with the fork: while one is open, the pipe is
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asked ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()  # what came with the fork is not looked through again, and stays shared
    _end_with(parent)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        pipe.send(_outcome(work, shared, job))


def _outcome(
    work: Callable[..., Any], shared: Any, job: tuple[Any, ...]
) -> tuple[Any, BaseException | None]:
    try:
        return work(shared, *job), None
    except Exception as error:
        places = traceback.extract_tb(error.__traceback__)[-6:]
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(places))
        error.add_note(f"in a worker process, at {where}")
        try:
            made: Any = error.__reduce__()
            made[0](*made[1])  # as it is made again where it arrives
        except Exception:
            return None, RuntimeError(f"{type(error).__name__} at {where}")
        return None, error


def _worker_died(processes: int) -> TooLittleMemory:
    """What to say where a worker process ended in the midst of its work."""
    return TooLittleMemory(
        "a worker process was ended from outside, most likely by the system because memory ran "
        f"out; wanted {processes} at a time. Nothing was written. Run it again with fewer "
        "(--processes 1), or after closing other programs"
    )


def _watched(parent: int, work: Callable[..., Result], *arguments: Any) -> Result:
    """What `work` gives, in a worker process that ends when the process that asked is gone."""
    _end_with(parent)
    return work(*arguments)


_watching = False


def _end_with(parent: int) -> None:
    """Watch the parent from a thread, once a process: a killed one cannot tell its workers."""
    global _watching
    if _watching or os.getpid() == parent:
        return
    _watching = True

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
