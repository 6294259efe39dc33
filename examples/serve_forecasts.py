"""
==========================
Answer forecasts over HTTP
==========================

With Python's standard library alone, this service answers requests for forecasts by a fitted ``Forecaster`` of one
series with dates. ``doc/serving.md`` says what to ask, and what to watch::

    python serve_forecasts.py forecaster.pkl --port 8000
    curl localhost:8000/forecast -d '{"times": ["1960-11-01", …], "values": [390, …], "steps": 3, "coverage": 0.8}'

A pickle runs any code that its author put there. Serve only files that you wrote, and that nobody else can replace.
"""

import argparse
import json
import pickle
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

import pandas as pd

from sklstm import Forecaster

MAX_BYTES, MAX_STEPS, MAX_COVERAGES = 1_000_000, 400, 10  # of a request
NUMBERS = int, float, type(None)


def check(is_right, message):
    """Refuse a request that is not right."""
    if not is_right:
        raise ValueError(message)


def arguments(body):
    """Return the arguments of `forecast` that a request asks for. The forecaster itself checks the numbers."""
    request = json.loads(body, parse_constant=lambda name: check(False, f"{name} is no JSON; a missing value is null"))
    check(isinstance(request, dict) and "steps" in request, 'send an object such as {"steps": 3}')
    unknown = request.keys() - {"steps", "coverage", "times", "values"}
    check(not unknown, f"unknown: {sorted(unknown)!r:.100}; send steps, coverage, times and values")
    steps, coverage = request["steps"], request.get("coverage")
    check(type(steps) is int and 1 <= steps <= MAX_STEPS, f"steps must be from 1 to {MAX_STEPS}, not {steps!r:.100}")
    check(not isinstance(coverage, list) or len(coverage) <= MAX_COVERAGES, f"send {MAX_COVERAGES} coverages at most")
    times, values = request.get("times"), request.get("values")
    if times is None and values is None:
        return {"steps": steps, "coverage": coverage}
    check(isinstance(times, list) and isinstance(values, list), "times and values must be lists")
    check(len(times) == len(values), f"times and values must have one length, not {len(times)} and {len(values)}")
    check(all(isinstance(time, str) for time in times), 'times must be dates in ISO 8601, such as "1960-11-01"')
    check(all(type(value) in NUMBERS for value in values), "values must be numbers, or null if they are missing")
    index = pd.DatetimeIndex(pd.to_datetime(times, format="ISO8601"))
    return {"steps": steps, "coverage": coverage, "history": pd.Series(values, index, dtype=float)}


def answer(forecaster, body):
    """Return the forecasts that a request asks for."""
    forecast = forecaster.forecast(**arguments(body))
    table = forecast.to_frame("forecast") if forecast.ndim == 1 else forecast
    return {"times": [time.isoformat() for time in table.index], **table.to_dict("list")}


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection in turn, in a thread of its own."""

    protocol_version = "HTTP/1.1"  # connections stay open
    timeout = 5  # seconds that a connection may be idle, or a slow client may pause
    wbufsize, disable_nagle_algorithm = -1, True  # an answer is sent in one piece, without delay

    def do_GET(self):
        """Tell that the service is running."""
        self.reply(200, {"status": "ok"}) if self.path == "/health" else self.reply(404, {"error": "not found"})

    def do_POST(self):
        """Answer a forecast."""
        length = self.headers.get("Content-Length", "none")
        if not length.isdecimal() or int(length[:9]) > MAX_BYTES or "Transfer-Encoding" in self.headers:
            message = f"send Content-Length, of {MAX_BYTES} bytes at most"
            return self.reply(413 if length.isdecimal() else 411, {"error": message}, is_last=True)
        body = self.rfile.read(int(length))
        if self.path != "/forecast":
            return self.reply(404, {"error": "not found"})
        try:
            with self.server.turn:
                content = answer(self.server.forecaster, body)
            return self.reply(200, content)
        except (ValueError, TypeError, RecursionError) as error:
            return self.reply(400, {"error": str(error)})

    def reply(self, status, content, is_last=False):
        """Send JSON. After the last reply the connection is closed, as when the rest of a request was not read."""
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if is_last or self.server.is_stopping:
            self.send_header("Connection", "close")  # which also sets close_connection
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code="-", size="-"):
        """Log errors only."""


class Server(ThreadingHTTPServer):
    """Listens. Several processes may listen on the same port: Linux divides the connections among them."""

    allow_reuse_port, request_queue_size = True, 128
    daemon_threads = False  # closing waits for the answers that are being made
    turn = Lock()  # forecasts that change places at each small product take nearly twice the processor time
    forecaster, is_stopping = None, False


def loaded(path):
    """Return the forecaster in a file, if it is one that this service can ask."""
    try:
        forecaster = pickle.loads(path.read_bytes())
        check(isinstance(forecaster, Forecaster), f"it holds a {type(forecaster).__name__}")
        forecast = forecaster.forecast(1)
        index, is_series = type(forecast.index).__name__, isinstance(forecast, pd.Series)
        check(is_series and index == "DatetimeIndex", f"it forecasts a {type(forecast).__name__} with a {index}")
        check(not forecaster.n_features_in_, "it needs columns of X in each history")
    except Exception as error:  # unpickling may raise any
        raise SystemExit(f"{path} must be a pickle of a fitted Forecaster of one series with dates: {error}") from error
    return forecaster


def main():
    """Serve until Ctrl-C, or until the system asks to stop."""
    parser = argparse.ArgumentParser(description="Answer forecasts over HTTP.")
    parser.add_argument("pickle", type=Path, help="a fitted Forecaster, in a file that you trust")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    forecaster = loaded(options.pickle)
    with Server((options.host, options.port), Handler) as server:
        server.forecaster = forecaster
        print(f"http://{options.host}:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.is_stopping = True


if __name__ == "__main__":
    main()
