"""Ray: searches, backtests and forecasters in its workers."""

import os
from pathlib import Path

import joblib
import pytest

import sklstm
from tests.clients.scale_out import N_WORKERS, differing, threads_and_processes

ray = pytest.importorskip("ray")
ROOT = Path(sklstm.__file__).parents[1]


@pytest.fixture(scope="module")
def backend():
    from ray.util.joblib import register_ray

    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {"env_vars": {"PYTHONPATH": path}}
    ray.init(num_cpus=N_WORKERS, include_dashboard=False, object_store_memory=2**27, runtime_env=environment)
    register_ray()
    yield "ray"
    ray.shutdown()


def test_same_bits_as_here(backend):
    assert differing(backend) == []


def test_workers_use_no_more_threads_than_cores(backend):
    n_threads, processes = threads_and_processes(backend)
    assert os.getpid() not in processes
    assert N_WORKERS * n_threads <= max(joblib.cpu_count(), N_WORKERS)
