"""Threads of the linear algebra library while a model is fitted: one."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_thread() -> AbstractContextManager[object]:
    """Products of small matrices on one thread; afterwards the library has as many as before.

    A fit makes thousands of products of a few dozen rows. Split over threads each waits for the
    slowest, and on busy cores that is most of the time. Whoever fits many models at once runs a
    process each, as scikit-learn does. The setting is the process's: other Python threads have it too.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
