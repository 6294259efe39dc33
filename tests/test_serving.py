"""The service of `examples/serve_forecasts.py`: its answers are those of the forecaster, to the bit."""

import http.client
import importlib.util
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklstm import Forecaster
from sklstm.datasets import load_airline
from tests.tools import fit, model

SCRIPT = Path(__file__).parents[1] / "examples" / "serve_forecasts.py"
spec = importlib.util.spec_from_file_location("serve_forecasts", SCRIPT)
service = importlib.util.module_from_spec(spec)
spec.loader.exec_module(service)

PASSENGERS = load_airline()
HISTORY = PASSENGERS[-60:] * 1.1
GIVEN = {"times": [time.isoformat() for time in HISTORY.index], "values": HISTORY.tolist()}


@pytest.fixture(scope="module")
def forecaster():
    return fit(Forecaster(model(), steps=3, window_length=12, intervals="conformal"), None, PASSENGERS)


@pytest.fixture
def server(forecaster):
    with service.Server(("127.0.0.1", 0), service.Handler) as server:
        server.forecaster = forecaster
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.is_stopping = True
        server.shutdown()
        thread.join()


@pytest.fixture
def connection(server):
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    yield connection
    connection.close()


def ask(connection, request, path="/forecast", method="POST"):
    """Status, and what the answer says."""
    body = request if isinstance(request, bytes | None) else json.dumps(request).encode()
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def numbers(forecast):
    """An answer as the service must give it."""
    table = forecast.to_frame("forecast") if forecast.ndim == 1 else forecast
    return {"times": [time.isoformat() for time in table.index], **{name: table[name].tolist() for name in table}}


def test_answers_are_those_of_the_forecaster(connection, forecaster):
    """Also after what was observed since, and with a missing value."""
    with_gap = {**GIVEN, "values": [*GIVEN["values"][:30], None, *GIVEN["values"][31:]]}
    gap = HISTORY.copy()
    gap.iloc[30] = np.nan
    expected = [
        ({"steps": 3}, forecaster.forecast(3)),
        ({"steps": 6, **GIVEN}, forecaster.forecast(6, history=HISTORY)),
        ({"steps": 3, **GIVEN, "coverage": 0.5}, forecaster.forecast(3, history=HISTORY, coverage=0.5)),
        ({"steps": 2, "coverage": [0.5, 0.8]}, forecaster.forecast(2, coverage=[0.5, 0.8])),
        ({"steps": 3, **with_gap}, forecaster.forecast(3, history=gap)),
    ]
    for request, forecast in expected:
        assert ask(connection, request) == (200, numbers(forecast))
    assert {"times", "forecast", "lower_80", "upper_80"} <= ask(connection, expected[3][0])[1].keys()


def test_health_and_pages_that_are_not_there(connection):
    assert ask(connection, None, "/health", "GET") == (200, {"status": "ok"})
    assert ask(connection, None, "/", "GET")[0] == 404
    assert ask(connection, {"steps": 3}, "/forecasts")[0] == 404
    assert ask(connection, {"steps": 3})[0] == 200  # the connection is open still


BAD = {
    "empty": (b"", "Expecting value"),
    "no JSON": (b"steps=3", "Expecting value"),
    "not UTF-8": (b'{"steps": "\xff"}', "utf-8"),
    "nested deeply": (b"[" * 100_000, "recursion"),
    "digits": (b'{"steps": ' + b"9" * 5000 + b"}", "4300"),
    "a list": ([3], "send an object such as"),
    "no steps": ({"coverage": 0.5}, "send an object such as"),
    "unknown": ({"steps": 3, "horizon": 4}, r"unknown: \['horizon'\]"),
    "steps as text": ({"steps": "3"}, "steps must be from 1 to 400, not '3'"),
    "steps as a truth value": ({"steps": True}, "not True"),
    "no step": ({"steps": 0}, "not 0"),
    "steps without end": ({"steps": 10**9}, "not 1000000000"),
    "half a step": ({"steps": 1.5}, "not 1.5"),
    "coverage above 1": ({"steps": 3, "coverage": 80}, "coverage"),
    "coverage as text": ({"steps": 3, "coverage": "80 %"}, "coverage"),
    "coverage as an object": ({"steps": 3, "coverage": {"a": 1}}, "coverage"),
    "many coverages": ({"steps": 3, "coverage": [0.5] * 11}, "send 10 coverages at most"),
    "times alone": ({"steps": 3, "times": GIVEN["times"]}, "must be lists"),
    "other lengths": ({"steps": 3, **GIVEN, "values": [1]}, "not 60 and 1"),
    "no rows": ({"steps": 3, "times": [], "values": []}, "sample|row|empty"),
    "numbers as times": ({"steps": 3, **GIVEN, "times": list(range(60))}, "must be dates in ISO 8601"),
    "no dates": ({"steps": 3, **GIVEN, "times": ["yesterday"] * 60}, "yesterday"),
    "dates of no year": ({"steps": 3, **GIVEN, "times": ["9999999-01-01"] * 60}, "9999999"),
    "a day that is not": ({"steps": 3, "times": ["1960-02-30"], "values": [1]}, "1960-02-30|day"),
    "the same date": ({"steps": 3, **GIVEN, "times": ["1960-01-01"] * 60}, "history|index|dates|times"),
    "dates in disorder": ({"steps": 3, **GIVEN, "times": GIVEN["times"][::-1]}, "order|sort|increas"),
    "text as values": ({"steps": 3, **GIVEN, "values": ["1"] * 60}, "values must be numbers"),
    "lists as values": ({"steps": 3, **GIVEN, "values": [[1]] * 60}, "values must be numbers"),
    "truth as values": ({"steps": 3, **GIVEN, "values": [True] * 60}, "values must be numbers"),
    "NaN": (json.dumps({"steps": 3, **GIVEN, "values": [float("nan")] * 60}).encode(), "NaN is no JSON"),
    "infinite": (json.dumps({"steps": 3, **GIVEN, "values": [12345] * 60}).encode().replace(b"12345", b"1e999"), "inf"),
    "all missing": ({"steps": 3, **GIVEN, "values": [None] * 60}, "history|missing|NaN"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests_are_told_what_is_wrong(connection, name):
    """And the next request of the connection is answered."""
    request, message = BAD[name]
    status, answer = ask(connection, request)
    assert status == 400
    assert answer.keys() == {"error"}
    assert re.search(message, answer["error"]), answer
    assert ask(connection, {"steps": 1})[0] == 200


def raw(server, data):
    """All that the service says to some bytes, until it closes the connection."""
    with socket.create_connection(server.server_address, timeout=60) as connection:
        connection.sendall(data)
        parts = list(iter(lambda: connection.recv(10_000), b""))
    return b"".join(parts)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: 1000001", 413),
        (b"Content-Length: 1" + b"0" * 30, 413),
        (b"Content-Length: -5", 411),
        (b"Content-Length: \xb2", 411),
        (b"Content-Length: five", 411),
        (b"X-No-Length: 1", 411),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 12", 413),
    ],
)
def test_a_body_of_unknown_or_great_length_is_not_read(server, headers, status):
    """Nor is what follows it taken for another request."""
    hidden = b'POST /forecast HTTP/1.1\r\nContent-Length: 12\r\n\r\n{"steps": 3}'
    answer = raw(server, b"POST /forecast HTTP/1.1\r\n" + headers + b"\r\n\r\n" + hidden)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


def test_clients_that_go_away_or_stop_do_no_harm(server, connection, monkeypatch, capsys):
    monkeypatch.setattr(service.Handler, "timeout", 0.1)
    assert raw(server, b"POST /forecast HTTP/1.1\r\nContent-Length: 100\r\n\r\n{") == b""
    assert raw(server, b"") == b""
    with socket.create_connection(server.server_address) as gone:
        gone.sendall(b"POST /forecast HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    assert b"Error code: 400" in raw(server, b"nonsense\r\n\r\n")
    assert ask(connection, {"steps": 1})[0] == 200


def test_concurrent_clients_get_the_answers_of_one(server, forecaster):
    requests = [
        {"steps": steps, "coverage": coverage, **history}
        for steps in (1, 3, 6)
        for coverage in (None, 0.8)
        for history in ({}, GIVEN)
    ]
    expected = [service.answer(forecaster, json.dumps(request).encode()) for request in requests]
    errors, counts = [], []

    def work(number):
        connection = http.client.HTTPConnection(*server.server_address, timeout=60)
        try:
            connection.connect()
            port = connection.sock.getsockname()
            for k in range(3 * len(requests)):
                which = (number + k) % len(requests)
                assert ask(connection, requests[which]) == (200, expected[which])
            assert connection.sock.getsockname() == port  # of one connection, kept open
            counts.append(number)
        except BaseException as error:
            errors.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(counts) == 8


def started(path, *options):
    command = [sys.executable, SCRIPT, path, *options]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:"), process.communicate()
    return process, http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_script_serves_until_it_is_told_to_stop(tmp_path, forecaster, stop):
    """It ends without an error; a connection that was kept open is closed."""
    path = tmp_path / "forecaster.pkl"
    path.write_bytes(pickle.dumps(forecaster))
    process, connection = started(path, "--port", "0")
    try:
        assert ask(connection, {"steps": 3}) == (200, numbers(forecaster.forecast(3)))
        process.send_signal(stop)
        assert "Traceback" not in process.communicate(timeout=60)[1]
        assert process.returncode == 0
    finally:
        process.kill()
        connection.close()


TWO = pd.DataFrame({"a": PASSENGERS, "b": PASSENGERS}, PASSENGERS.index)
CYCLE = pd.DataFrame({"b": np.arange(len(PASSENGERS)) % 7.0}, PASSENGERS.index)
NOT_SERVED = {
    "another estimator": (lambda: fit(model(), np.ones((9, 3)), np.arange(9.0)), "it holds a LSTMRegressor"),
    "not fitted": (Forecaster, "not fitted"),
    "no dates": (lambda: small_forecaster(None, PASSENGERS.to_numpy()), "it forecasts a ndarray|no index|RangeIndex"),
    "whole numbers": (lambda: small_forecaster(None, PASSENGERS.reset_index(drop=True)), "a Series with a RangeIndex"),
    "periods": (lambda: small_forecaster(None, PASSENGERS.to_period()), "a Series with a PeriodIndex"),
    "two targets": (lambda: small_forecaster(None, TWO), "a DataFrame with a DatetimeIndex"),
    "a panel": (lambda: small_forecaster(None, pd.concat({"a": PASSENGERS, "b": PASSENGERS})), "with a MultiIndex"),
    "columns": (lambda: small_forecaster(CYCLE, PASSENGERS), "X_future is needed"),
    "past columns": (lambda: small_forecaster(CYCLE, PASSENGERS, past_only=["b"]), "columns of X"),
}


def small_forecaster(X, y, **settings):
    settings = {"window_length": 6, "season": None, "baseline": None, "log": None, **settings}
    return fit(Forecaster(model(), **settings), X, y)


@pytest.mark.parametrize("name", NOT_SERVED)
def test_what_cannot_be_served_is_refused_at_the_start(tmp_path, name):
    make, message = NOT_SERVED[name]
    path = tmp_path / "forecaster.pkl"
    path.write_bytes(pickle.dumps(make()))
    with pytest.raises(SystemExit, match=rf"forecaster\.pkl must be a pickle of a fitted Forecaster .*({message})"):
        service.loaded(path)


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps(3)[:-1], None])
def test_files_that_are_no_pickles_are_refused_at_the_start(tmp_path, content):
    path = tmp_path / "forecaster.pkl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit, match=r"forecaster\.pkl must be a pickle of a fitted Forecaster"):
        service.loaded(path)


def test_forecasts_are_made_one_at_a_time(server, monkeypatch):
    """Threads that share the interpreter only slow each other down."""
    busy, overlaps = threading.Lock(), []

    def forecast(*args, **settings):
        overlaps.append(busy.locked())
        with busy:
            time.sleep(0.01)
        return pd.Series([1.0], PASSENGERS.index[-1:])

    monkeypatch.setattr(server, "forecaster", type("Slow", (), {"forecast": staticmethod(forecast)}))

    def work():
        connection = http.client.HTTPConnection(*server.server_address, timeout=60)
        for _ in range(5):
            ask(connection, {"steps": 1})
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [False] * 20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not divide connections")
def test_several_processes_serve_one_port(tmp_path, forecaster):
    path = tmp_path / "forecaster.pkl"
    path.write_bytes(pickle.dumps(forecaster))
    first, connection = started(path, "--port", "0")
    second = None
    try:
        second, _ = started(path, "--port", str(connection.port))
        for _ in range(20):
            other = http.client.HTTPConnection("127.0.0.1", connection.port, timeout=60)
            assert ask(other, {"steps": 1})[0] == 200
            other.close()
    finally:
        for process in filter(None, (first, second)):
            process.terminate()
            process.communicate()


def test_an_answer_that_is_being_made_is_sent_before_the_end(server, connection, forecaster, monkeypatch):
    has_begun, may_end = threading.Event(), threading.Event()

    def slow(*args, **settings):
        has_begun.set()
        assert may_end.wait(60)
        return pd.Series([1.0], PASSENGERS.index[-1:])

    monkeypatch.setattr(server, "forecaster", type("Slow", (), {"forecast": staticmethod(slow)}))
    answers = []
    client = threading.Thread(target=lambda: answers.append(ask(connection, {"steps": 1})))
    client.start()
    assert has_begun.wait(60)
    server.is_stopping = True
    server.shutdown()
    closing = threading.Thread(target=server.server_close)
    closing.start()
    closing.join(0.5)
    assert closing.is_alive()  # it waits for the answer
    may_end.set()
    for thread in (client, closing):
        thread.join()
    assert answers == [(200, {"times": ["1960-12-01T00:00:00"], "forecast": [1.0]})]
