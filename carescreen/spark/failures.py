"""What went wrong on an executor, as the error a person can fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PythonException

from carescreen import errors
from carescreen.errors import CarescreenError, UsageError

_OURS = re.compile(r"^carescreen\.errors\.(\w+): (.*)$", re.M)
_NOT_THERE = re.compile(r"^ModuleNotFoundError: No module named '(\w+)", re.M)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Raise an executor's own error of carescreen in place of Spark's account of where it was."""
    try:
        yield
    except PythonException as error:
        text = str(error)
        own = _OURS.search(text)
        if own:
            raise _own_error(own[1], own[2]) from None
        missing = _NOT_THERE.search(text)
        if missing:
            raise UsageError(
                f"the executors have no library '{missing[1]}': send the environment along with "
                "the job, or install it on every node (docs/scale.md)"
            ) from None
        raise


def _own_error(name: str, message: str) -> CarescreenError:
    kind = getattr(errors, name, CarescreenError)
    if kind is errors.MissingExtra:  # it makes its own sentence
        kind = CarescreenError
    error: CarescreenError = kind(message)
    return error
