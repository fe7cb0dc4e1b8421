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
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, TypeVar

import joblib

from carescreen.errors import TooLittleMemory

Result = TypeVar("Result")

_AHEAD = 2  # jobs a worker that are made before their results are taken

_shared: Any = None


def in_processes(
    work: Callable[..., Result], shared: Any, jobs: Iterable[tuple[Any, ...]], processes: int
) -> Iterator[Result]:
    """What `work(shared, *job)` gives for each job, in their order; jobs are made as they are taken.

    `shared` is what all jobs need. On Linux a process without further threads is forked, so that
    its workers have `shared` without a copy; elsewhere each job carries it. TooLittleMemory where
    the system ends a worker.
    """
    if processes == 1:
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
            raise worker_died(processes) from None


def _can_fork() -> bool:
    """A fork copies one thread only: what another one holds at that moment stays held for ever."""
    return sys.platform == "linux" and threading.active_count() == 1


def _forked(
    work: Callable[..., Result], shared: Any, jobs: Iterable[tuple[Any, ...]], processes: int
) -> Iterator[Result]:
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(processes, context, _begin, (os.getpid(), shared))
    waiting: deque[Future[Result]] = deque()
    left = iter(jobs)
    try:
        while True:
            for job in islice(left, _AHEAD * processes - len(waiting)):
                with warnings.catch_warnings():  # Python 3.12 counts the threads of NumPy's library
                    warnings.simplefilter("ignore", DeprecationWarning)
                    waiting.append(pool.submit(_worked, work, job))
            if not waiting:
                break
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise worker_died(processes) from None
    finally:
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers, with what they are at: nobody waits for it any more."""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join()


def worker_died(processes: int) -> TooLittleMemory:
    """What to say where a worker process ended in the midst of its work."""
    return TooLittleMemory(
        "a worker process was ended from outside, most likely by the system because memory ran "
        f"out; wanted {processes} at a time. Nothing was written. Run it again with fewer "
        "(--processes 1), or after closing other programs"
    )


def _begin(parent: int, shared: Any) -> None:
    global _shared
    _shared = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asked ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()  # what came with the fork is not looked through again, and stays shared
    _end_with(parent)


def _worked(work: Callable[..., Result], job: tuple[Any, ...]) -> Result:
    return work(_shared, *job)


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
