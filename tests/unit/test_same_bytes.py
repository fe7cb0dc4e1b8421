"""A fit gives the same bytes whatever the number of threads and processes (row order: test_model)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_info, threadpool_limits

import carescreen.model
from carescreen.calibration import chance
from carescreen.model import RiskModel
from carescreen.training import Training


def digest_of_a_fit() -> str:
    """SHA-256 of a model of 250 rows, wide enough for a matrix product to be split over threads."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(250, 2)), columns=list("ab"))
    X["place"] = rng.choice(["hill", "river", "town"], 250)
    X["note"] = [" ".join(rng.choice(["hungry", "tidy", "alone", "rain"], 2)) for _ in range(250)]
    logit = X["a"] - 0.5 * X["b"] + 1.5 * X["note"].str.contains("hungry") - 2.0
    y = (rng.random(250) < chance(logit.to_numpy(dtype=float))).astype(int)
    model = RiskModel(note_column="note", monotone={"a": 1}).fit(X, y, groups=np.arange(250) // 3)
    assert model.tables_.phrases.weights
    return hashlib.sha256(b"".join(model.saved_.files().values())).hexdigest()


def test_threads_and_processes_leave_no_trace_in_a_models_bytes():
    """Here, in a process of two threads, and side by side in two processes of one thread each."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    run = [sys.executable, "-W", "error", __file__]
    two = os.environ | dict.fromkeys(names, "2")
    done = subprocess.run(run, capture_output=True, text=True, check=True, env=two)
    here = digest_of_a_fit()
    assert len(here) == 64
    assert done.stdout.strip() == here
    with parallel_config("loky", inner_max_num_threads=1):
        assert Parallel(n_jobs=2)(delayed(digest_of_a_fit)() for _ in range(2)) == [here, here]


def threads_of_products() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("ask", ["fit", "recalibrate"])
def test_products_have_one_thread_while_a_model_is_fitted_and_as_many_as_before_after(
    ask, monkeypatch
):
    X = pd.DataFrame({"a": np.arange(200.0)})
    y = (np.arange(200) % 3 == 0).astype(int)
    model, seen = RiskModel().fit(X, y), []
    for place, name in ((Training, "run"), (carescreen.model, "fit_map")):
        real = getattr(place, name)

        def look(*given, real=real):
            seen.append(threads_of_products())
            return real(*given)

        monkeypatch.setattr(place, name, look)
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads_of_products()
        getattr(model, ask)(X, y)
        assert threads_of_products() == before == {2}
    assert seen == [{1}]


if __name__ == "__main__":
    print(digest_of_a_fit())
