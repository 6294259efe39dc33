"""Dask: searches, backtests and forecasters on a cluster of several processes, panels in tables that are divided."""

import os

import joblib
import numpy as np
import pandas as pd
import pytest

from benchmarks.many_series import forecast_part, panel
from sklstm import Forecaster, LSTMRegressor, backtest, default_regressor, make_windows
from sklstm._utils.parallel import call_each
from sklstm.datasets import load_airline
from tests.clients.scale_out import (
    N_WARNINGS,
    N_WORKERS,
    SMALL,
    differing,
    threads_and_processes,
    warn_while_others_do,
)

pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
dataframes = pytest.importorskip("dask.dataframe")


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            processes=True, n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as connected,
    ):
        yield connected


def test_same_bits_as_here(client):
    assert differing("dask") == []


def test_workers_use_no_more_threads_than_cores(client):
    n_threads, processes = threads_and_processes("dask")
    assert os.getpid() not in processes
    assert N_WORKERS * n_threads <= max(joblib.cpu_count(), N_WORKERS)


def test_each_thread_of_a_worker_tells_its_own_warnings():
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask", n_jobs=2),
    ):
        for _ in range(2):  # the first calls leave nothing behind
            with pytest.warns(UserWarning, match="of call") as caught:
                call_each(warn_while_others_do, [(number,) for number in range(4)], 4, 2)
            assert [str(each.message) for each in caught] == [
                f"{number} of call {call}" for call in range(4) for number in range(N_WARNINGS)
            ]


def test_backtests_side_by_side(client):
    """Each is one task of the cluster."""
    airline, models = load_airline(), [Forecaster(SMALL, steps=6, trust=trust) for trust in (0, 1)]
    settings = {"steps": 6, "n_origins": 4, "refit": 2}
    jobs = [client.submit(backtest, model, None, airline, **settings) for model in models]
    for model, job in zip(models, jobs, strict=True):
        pd.testing.assert_frame_equal(job.result().frame, backtest(model, None, airline, **settings).frame)


def test_blocks_of_arrays_are_chunks():
    arrays = pytest.importorskip("dask.array")
    X, y = make_windows(load_airline(), 12)
    rows = np.random.default_rng(0).permutation(len(y))  # each chunk has windows of all times
    X, y, models = X[rows], np.asarray(y)[rows], []
    lazy = arrays.from_array(X, chunks=(40, 12, 1)), arrays.from_array(y, chunks=40)
    for read in (lambda: zip(*(array.blocks for array in lazy), strict=True), lambda: parts(X, y)):
        model = LSTMRegressor(4, instance_norm="last-standard", random_state=0).fit_scaling(read)
        for chunk in read():
            model.partial_fit(*chunk)
        models.append(model)
    assert (models[0].theta_ == models[1].theta_).all()


def parts(X, y, size=40):
    return [(X[start : start + size], y[start : start + size]) for start in range(0, len(y), size)]


def test_a_panel_in_partitions(client):
    table = panel(60)
    model = Forecaster(default_regressor().set_params(max_updates=50), steps=12, trust=1)
    model.fit(None, table[table["shop"] < 20].set_index(["shop", "month"])["sales"])
    divided = dataframes.from_pandas(table.sample(frac=1, random_state=0), npartitions=7).shuffle("shop")
    meta = forecast_part(table[table["shop"] == 0], model).iloc[:0]
    found = divided.map_partitions(forecast_part, model, meta=meta).compute()
    expected = forecast_part(table, model)
    found = found.sort_values(["shop", "month"]).reset_index(drop=True)
    assert found[["shop", "month"]].equals(expected[["shop", "month"]])
    np.testing.assert_allclose(found["sales"], expected["sales"], rtol=1e-5)
