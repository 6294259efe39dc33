"""Requests per second, and how long they take, of a forecasting service: `python -m benchmarks.serving`.

Needs the extra `peers`. The service is that of `examples/serve_forecasts.py`, on two cores that the client shares. It
answers requests for 12 steps after a history of 48 months, with three models:

- sklstm: a network of 32 units that reads 24 months, alone, recursive;
- PyTorch: `nn.LSTM` of the same size behind the same service, recursive;
- default: `Forecaster(steps=12)`, with its season and its baseline of theta and ridge regressions.

Each process computes with one thread. First, forecasts of the service are compared with those of the model itself. Then
the client keeps `--connections` open, and sends the next request on each as soon as it is answered. Services take
turns, a second each. The table shows the median rate of the turns, and percentiles of the times between request and
answer over all turns. With two processes on one port, a service uses both cores.
"""

import argparse
import importlib.util
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from benchmarks._extras import needs
from benchmarks._machine import about, head
from sklstm import Forecaster, LSTMRegressor, make_windows
from sklstm.datasets import load_airline

WINDOW, STEPS, N_HISTORY = 24, 12, 48
SCRIPT = Path(__file__).parents[1] / "examples" / "serve_forecasts.py"


def service():
    """Return the example as a module."""
    spec = importlib.util.spec_from_file_location("serve_forecasts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TorchForecaster:
    """A network of PyTorch that feeds back its own predictions."""

    def __init__(self):
        from benchmarks._torch_regressor import TorchRegressor

        X, y = make_windows(load_airline().to_numpy(), WINDOW)
        self.regressor = TorchRegressor(max_iter=20).fit(X[:, :, 0], y)

    def forecast(self, steps, coverage=None, history=None):
        window = history.to_numpy()[-WINDOW:]
        for _ in range(steps):
            window = np.append(window, self.regressor.predict(window[None, -WINDOW:]))
        index = pd.date_range(history.index[-1], periods=steps + 1, freq="MS")[1:]
        return pd.Series(window[-steps:], index)


def sklstm_forecaster():
    lstm = LSTMRegressor(32, max_iter=20, random_state=0)
    settings = {"season": None, "log": None, "baseline": None}
    return Forecaster(lstm, window_length=WINDOW, **settings).fit(None, load_airline())


def default_forecaster():
    return Forecaster(steps=STEPS).fit(None, load_airline())


MODELS = {"sklstm": sklstm_forecaster, "PyTorch": TorchForecaster, "default": default_forecaster}


def request():
    """The bytes of a request, and its history."""
    history = load_airline()[-N_HISTORY:]
    content = {"times": [time.isoformat() for time in history.index], "values": history.tolist(), "steps": STEPS}
    body = json.dumps(content).encode()
    return b"POST /forecast HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body), history


def serve(name, port):
    """Serve a model, until the parent ends."""
    example = service()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forecaster = MODELS[name]()
    direct = forecaster.forecast(STEPS, history=request()[1])
    with example.Server(("127.0.0.1", port), example.Handler) as server:
        server.forecaster = forecaster
        print(json.dumps({"port": server.server_port, "forecast": direct.tolist()}), flush=True)
        server.serve_forever()


# ---- client


class Client:
    """Connections that always have one request under way."""

    def __init__(self, port, n_connections):
        self.selector, self.request = selectors.DefaultSelector(), request()[0]
        for _ in range(n_connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(connection, selectors.EVENT_READ)
        self.latest = b""  # the body of the latest answer

    def run(self, seconds):
        """Ask for so many seconds; the seconds that each answer took."""
        connections = [key.fileobj for key in self.selector.get_map().values()]
        sent, received, times = {}, dict.fromkeys(connections, b""), []
        end = perf_counter() + seconds
        for connection in connections:
            sent[connection] = perf_counter()
            connection.sendall(self.request)
        while sent:
            for key, _ in self.selector.select():
                connection = key.fileobj
                received[connection] += connection.recv(65536)
                if not self._is_whole(received[connection]):
                    continue
                now = perf_counter()
                times.append(now - sent.pop(connection))
                received[connection] = b""
                if now < end:
                    sent[connection] = perf_counter()
                    connection.sendall(self.request)
        return times

    def _is_whole(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        if not body:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        self.latest = body
        return len(body) == int(head.lower().partition(b"content-length:")[2].split()[0])

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


class Service:
    """One or more processes that serve a model at one port."""

    def __init__(self, name, n_processes):
        self.name, self.n_processes, self.port = name, n_processes, 0
        self.processes, self.rates, self.times = [], [], []

    def start(self):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        for _ in range(self.n_processes):
            command = [sys.executable, "-m", "benchmarks.serving", "--serve", self.name, "--port", str(self.port)]
            self.processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE))
            started = json.loads(self.processes[-1].stdout.readline())
            self.port = started["port"]
        client = Client(self.port, 1)
        client.run(0)
        np.testing.assert_array_equal(json.loads(client.latest)["forecast"], started["forecast"])
        client.close()

    def measure(self, seconds, n_connections):
        client = Client(self.port, n_connections)
        client.run(seconds / 5)  # warms up
        begin = perf_counter()
        times = client.run(seconds)
        self.rates.append(len(times) / (perf_counter() - begin))
        self.times += times
        client.close()

    def line(self):
        percentiles = np.percentile(self.times, [50, 99]) * 1000
        return f"{self.name:10} {self.n_processes:10} {statistics.median(self.rates):12.0f} " + "".join(
            f"{value:10.1f}" for value in percentiles
        )

    def stop(self):
        for process in self.processes:
            process.kill()
            process.communicate()


@needs("peers")
def main():
    """Parse the command line, and serve or measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short turn each: the figures mean nothing")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--serve", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve, options.port)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # and of the services
    n_turns, seconds = (1, 0.2) if options.quick else (options.turns, 1)
    print(
        *head(about()),
        "",
        f"{'model':10} {'processes':>10} {'requests/s':>12} {'median ms':>9} {'99 % ms':>9}",
        sep="\n",
    )
    services = []
    try:
        for n_processes in (1, 2):
            for name in MODELS:
                services.append(Service(name, n_processes))
                services[-1].start()
        for turn in range(n_turns):
            for k in range(len(services)):
                services[(turn + k) % len(services)].measure(seconds, options.connections)
        print(*(part.line() for part in services), sep="\n")
    finally:
        for part in services:
            part.stop()


if __name__ == "__main__":
    main()
