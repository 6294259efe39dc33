"""Attack a function with bad input, and say how it answers: `python -m tests.attack MODULE:FUNCTION` prints a table.

    for attempt in attack(make_windows, {"series": SERIES, "window_length": 3}):
        assert attempt.kind in (REFUSED, ACCEPTED), attempt

Every argument in turn is replaced by every value of the pool. The function named on the command line returns a list of
attempts still to be made, see `attempts`. They run in a process of their own, so that endless work can be ended.
"""

import argparse
import datetime
import faulthandler
import importlib
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from tests.tools import saved_state

ACCEPTED = "accepted"
REFUSED = "refused"  # by a ValueError or TypeError that names the argument
UNCLEAR = "unclear"  # by one that does not
RAW = "raw"  # any other exception
WARNED = "warned"  # a RuntimeWarning, even if an error follows
CHANGED = "changed"  # the state is another one after an error
HUNG = "hung"  # ended by the time limit
KINDS = (ACCEPTED, REFUSED, UNCLEAR, RAW, WARNED, CHANGED, HUNG)

LIMIT = 120  # seconds for one attempt, on a busy machine


class Subclassed(np.ndarray):
    """A subclass of ndarray that adds nothing."""


class Unshowable:
    """An object that cannot be shown, compared or converted."""

    def __repr__(self):
        raise RuntimeError("cannot be shown")


class Unaskable:
    """An object that fails when it is asked for any attribute, as a proxy of nothing does."""

    def __getattr__(self, name):
        raise RuntimeError("cannot be asked")


class Unconvertible:
    """An object that fails when it is converted to an array, as what was read from a closed file may."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("cannot be converted")


def in_itself():
    """A list that contains itself."""
    found = [1.0]
    found.append(found)
    return found


# ---- bad values

# Each is made anew for each attempt, as generators are used up and arrays may be changed.
SCALARS = {
    "None": lambda: None,
    "True": lambda: True,
    "np.True_": lambda: np.True_,
    "-1": lambda: -1,
    "0": lambda: 0,
    "3": lambda: 3,
    "1.5": lambda: 1.5,
    "-0.5": lambda: -0.5,
    "-0.0": lambda: -0.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "1e300": lambda: 1e300,
    "1e-300": lambda: 1e-300,
    "1e-320": lambda: 1e-320,
    "2**31": lambda: 2**31,
    "2**62": lambda: 2**62,
    "2**70": lambda: 2**70,
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "np.int8": lambda: np.int8(3),
    "np.uint8": lambda: np.uint8(3),
    "np.uint64": lambda: np.uint64(2**64 - 1),
    "np.float16": lambda: np.float16(0.5),
    "np.float32": lambda: np.float32(2.5),
    "np.longdouble": lambda: np.longdouble("1e310"),
    "np.complex64": lambda: np.complex64(1 + 1j),
    "np.datetime64": lambda: np.datetime64("2024-01-01"),
    "np.timedelta64": lambda: np.timedelta64(3, "D"),
    "np.timedelta64 without unit": lambda: np.array([3], "i8").view("m8")[0],
    "np.str_": lambda: np.str_("last"),
    "np.void": lambda: np.void(b"abc"),
    "datetime": lambda: datetime.datetime(2024, 1, 1),
    "date": lambda: datetime.date(2024, 1, 1),
    "timedelta": lambda: datetime.timedelta(3),
    "Timestamp": lambda: pd.Timestamp("2024-01-01", tz="Europe/Berlin"),
    "Timedelta": lambda: pd.Timedelta(3, "D"),
    "Period": lambda: pd.Period("2024-01", "M"),
    "NaT": lambda: pd.NaT,
    "NA": lambda: pd.NA,
    "complex": lambda: 1 + 2j,
    "Decimal": lambda: Decimal("0.5"),
    "Decimal 3": lambda: Decimal(3),
    "Decimal sNaN": lambda: Decimal("sNaN"),
    "Fraction": lambda: Fraction(1, 2),
    "Fraction 10**400": lambda: Fraction(10**400, 3),
    "''": lambda: "",
    "'3'": lambda: "3",
    "'auto'": lambda: "auto",
    "'last'": lambda: "last",
    "'$x_1$'": lambda: "$x_1$",
    "long text": lambda: "x" * 10_000,
    "bytes": lambda: b"3",
}
CONTAINERS = {
    "[]": lambda: [],
    "()": lambda: (),
    "[3]": lambda: [3],
    "(1, 2)": lambda: (1, 2),
    "(1, 2, 3)": lambda: (1, 2, 3),
    "[None]": lambda: [None],
    "['a', 1]": lambda: ["a", 1],
    "[0.5, nan]": lambda: [0.5, float("nan")],
    "[True, False]": lambda: [True, False],
    "[10**400]": lambda: [10**400],
    "ragged": lambda: [[1, 2], [3]],
    "ragged arrays": lambda: [np.ones(2), np.ones(3)],
    "nested deeply": lambda: [[[[[[1.0]]]]]],
    "10000 numbers": lambda: list(np.linspace(0.0001, 0.9999, 10_000)),
    "dict": lambda: {"a": 1},
    "empty dict": lambda: {},
    "set": lambda: {1, 2},
    "range": lambda: range(3),
    "endless range": lambda: range(10**18),
    "list in itself": in_itself,
    "[sNaN]": lambda: [Decimal("sNaN"), 1.0],
    "generator": lambda: (k for k in range(3)),
    "iterator": lambda: iter([1.0, 2.0]),
    "memoryview": lambda: memoryview(b"abc"),
    "class": lambda: Ridge,
    "type": lambda: int,
    "function": lambda: len,
    "lambda": lambda: lambda value: value,
    "module": lambda: np,
    "dtype": lambda: np.dtype("float64"),
    "object": lambda: object(),
    "Unshowable": lambda: Unshowable(),
    "Unaskable": lambda: Unaskable(),
    "Unconvertible": lambda: Unconvertible(),
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "slice": lambda: slice(2),
    "estimator": lambda: Ridge(),
    "classifier": lambda: LogisticRegression(),
    "transformer": lambda: StandardScaler(),
    "RandomState": lambda: np.random.RandomState(0),
    "Generator": lambda: np.random.default_rng(0),
    "SeedSequence": lambda: np.random.SeedSequence(0),
}
ARRAYS = {
    "0-d": lambda: np.array(3),
    "0-d of float": lambda: np.array(0.5),
    "0-d of object": lambda: np.array({"a": 1}, dtype=object),
    "empty 1-d": lambda: np.empty(0),
    "empty 2-d": lambda: np.empty((0, 2)),
    "no columns": lambda: np.empty((5, 0)),
    "one value": lambda: np.ones(1),
    "one row": lambda: np.ones((1, 3)),
    "1-d": lambda: np.arange(5.0),
    "2-d": lambda: np.arange(6.0).reshape(3, 2),
    "3-d": lambda: np.ones((2, 3, 2)),
    "4-d": lambda: np.ones((2, 2, 2, 2)),
    "text": lambda: np.array(["a", "b"]),
    "bytes array": lambda: np.array([b"a", b"b"]),
    "dates": lambda: np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"),
    "durations": lambda: np.arange(3).astype("timedelta64[s]"),
    "complex array": lambda: np.ones(3, complex),
    "objects": lambda: np.array([1, "a", None], dtype=object),
    "structured": lambda: np.zeros(3, dtype=[("a", float), ("b", int)]),
    "recarray": lambda: np.rec.array([(1.0, 2)], dtype=[("a", float), ("b", int)]),
    "sparse": lambda: sparse.csr_matrix(np.eye(3)),
    "sparse array": lambda: sparse.coo_array(np.eye(3)),
    "sparse array without rows": lambda: sparse.csr_array((0, 3)),
    "masked": lambda: np.ma.masked_all(3),
    "np.matrix": lambda: np.asmatrix(np.ones((3, 2))),
    "subclass": lambda: np.arange(3.0).view(Subclassed),
    "read-only": lambda: np.frombuffer(bytes(24)),
    "huge int": lambda: np.array([2**63, 1], dtype=np.uint64),
    "huge float": lambda: np.array([1e308, -1e308]),
    "big endian": lambda: np.arange(3, dtype=">f4"),
    "Series": lambda: pd.Series([1.0, 2.0, 3.0]),
    "Series of text": lambda: pd.Series(["a", "b"]),
    "Series of dates": lambda: pd.Series(pd.date_range("2024", periods=3)),
    "categorical": lambda: pd.Series([1, 2, 1], dtype="category"),
    "nullable": lambda: pd.Series([1, None, 3], dtype="Int64"),
    "string dtype": lambda: pd.Series(["1", "2"], dtype="string"),
    "empty Series": lambda: pd.Series(dtype=float),
    "DataFrame": lambda: pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}),
    "empty DataFrame": lambda: pd.DataFrame(),
    "frame of objects": lambda: pd.DataFrame({"a": [1, "x"], "b": [None, 2.0]}),
    "duplicate names": lambda: pd.DataFrame(np.ones((3, 2)), columns=["a", "a"]),
    "MultiIndex columns": lambda: pd.DataFrame(
        np.ones((3, 2)), columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    ),
    "duplicate index": lambda: pd.Series([1.0, 2.0], index=[0, 0]),
    "unsorted index": lambda: pd.Series([1.0, 2.0, 3.0], index=[2, 0, 1]),
    "tz-aware": lambda: pd.Series(np.ones(3), index=pd.date_range("2024", periods=3, tz="Europe/Berlin")),
    "mixed tz": lambda: pd.Series(
        [1.0, 2.0], index=[pd.Timestamp("2024-01-01", tz="UTC"), pd.Timestamp("2024-01-02", tz="Asia/Tokyo")]
    ),
    "Index": lambda: pd.Index([1, 2, 3]),
    "DatetimeIndex": lambda: pd.date_range("2024", periods=3),
    "polars Series": lambda: pl.Series([1.0, 2.0]),
    "polars frame": lambda: pl.DataFrame({"a": [1.0, 2.0]}),
    "polars LazyFrame": lambda: pl.LazyFrame({"a": [1.0, 2.0]}),
}
VALUES = SCALARS | CONTAINERS | ARRAYS


def variants(table):
    """Make bad tables of a good one, an array or a pandas Series or DataFrame: functions by name."""
    values = np.asarray(table, dtype=float)
    like = _wrapper(table)
    middle = values.mean() if values.size else 0.0
    found = {
        "its first row": lambda: table[:1],
        "no rows": lambda: table[:0],
        "fewer rows": lambda: table[:-1],
        "twice as many rows": lambda: np.concatenate([values, values]),
        "transposed": lambda: values.T,
        "reversed": lambda: table[::-1],
        "one more axis": lambda: values[..., np.newaxis],
        "one axis less": lambda: values[0],
        "raveled": lambda: values.ravel(),
        "as text": lambda: values.astype(str),
        "as objects of text": lambda: values.astype(str).astype(object),
        "as booleans": lambda: like(values > middle),
        "as dates": lambda: values.astype("int64").astype("datetime64[s]"),
        "as durations": lambda: values.astype("int64").astype("timedelta64[s]"),
        "as complex": lambda: values.astype(complex),
        "as objects": lambda: values.astype(object),
        "as lists": values.tolist,
        "as masked": lambda: np.ma.masked_greater(values, middle),
        "as sparse": lambda: sparse.csr_matrix(values.reshape(len(values), -1)),
        "as float16": lambda: like(values.astype(np.float16)),
        "as longdouble": lambda: like(values.astype(np.longdouble)),
        "beyond float32": lambda: like(values.astype(np.int64) + 2**53 + 1),
        "beyond float64": lambda: values.astype(int).astype(object) + 10**400,
        "all NaN": lambda: like(np.full(values.shape, np.nan)),
        "one NaN": lambda: like(_with(values, np.nan)),
        "one infinity": lambda: like(_with(values, np.inf)),
        "one 1e300": lambda: like(_with(values, 1e300)),
        "all 1e300": lambda: like(np.full(values.shape, 1e300)),
        "1e308 of both signs": lambda: like(np.where(np.arange(values.size).reshape(values.shape) % 2, 1e308, -1e308)),
        "all 1e-300": lambda: like(np.full(values.shape, 1e-300)),
        "subnormal": lambda: like(values * 5e-320),
        "constant": lambda: like(np.ones(values.shape)),
        "negative": lambda: like(-np.abs(values)),
        "zero": lambda: like(np.zeros(values.shape)),
        "read-only": lambda: _read_only(values),
        "not contiguous": lambda: np.repeat(values, 2, axis=0)[::2],
        "big endian": lambda: values.astype(">f8"),
    }
    return found | (_pandas_variants(table) if hasattr(table, "index") and not isinstance(table, list) else {})


def _pandas_variants(table):
    """Make bad tables of a pandas Series or DataFrame."""
    n = len(table)
    frame = table.to_frame("y") if table.ndim == 1 else table
    index = table.index.get_level_values(-1)
    found = {
        "shuffled rows": lambda: table.iloc[np.random.default_rng(0).permutation(n)],
        "a row twice": lambda: pd.concat([table.iloc[:2], table.iloc[1:]]),
        "a row missing": lambda: pd.concat([table.iloc[: n // 2], table.iloc[n // 2 + 1 :]]),
        "other rows": lambda: table.set_axis(pd.RangeIndex(10_000, 10_000 + n)),
        "index of text": lambda: table.set_axis([f"row {k}" for k in range(n)]),
        "index of floats": lambda: table.set_axis(np.linspace(0.5, 1.5, n)),
        "index of NaN": lambda: table.set_axis([np.nan] * n),
        "index of booleans": lambda: table.set_axis(np.arange(n) % 2 == 0),
        "index beyond int64": lambda: table.set_axis(np.arange(n, dtype=np.uint64) + np.uint64(2**63 - 3)),
        "index from the first of int64": lambda: table.set_axis(np.arange(n) + np.iinfo(np.int64).min),
        "index of NaT": lambda: table.set_axis(pd.DatetimeIndex([pd.NaT] * n)),
        "index of durations": lambda: table.set_axis(pd.to_timedelta(np.arange(n), unit="D")),
        "index of intervals": lambda: table.set_axis(pd.interval_range(0, n)),
        "index of categories": lambda: table.set_axis(pd.CategoricalIndex([str(k) for k in range(n)])),
        "index of mixed zones": lambda: table.set_axis(
            pd.Index([pd.Timestamp(f"2024-01-01 {k % 24}:00", tz=("UTC", "Asia/Tokyo")[k % 2]) for k in range(n)])
        ),
        "index of mixed kinds": lambda: table.set_axis(
            pd.Index([k if k % 2 else str(k) for k in range(n)], dtype=object)
        ),
        "index up to the last Timestamp": lambda: table.set_axis(
            pd.Timestamp.max.floor("D") - pd.to_timedelta(np.arange(n)[::-1], unit="D")
        ),
        "index beyond 2262": lambda: table.set_axis(
            pd.DatetimeIndex(np.datetime64("9000-01-01", "s") + np.arange(n) * np.timedelta64(86400, "s"))
        ),
        "index of periods near the end": lambda: table.set_axis(pd.period_range("9900-01", periods=n, freq="M")),
        "three levels": lambda: table.set_axis(pd.MultiIndex.from_arrays([[0] * n, [1] * n, index])),
        "a zone": lambda: table.set_axis(pd.date_range("2024", periods=n, tz="America/New_York")),
        "duplicate names": lambda: pd.concat([frame, frame], axis=1) if frame.shape[1] else frame,
        "a column of text": lambda: frame.assign(extra="a"),
        "a column of dates": lambda: frame.assign(extra=pd.Timestamp("2024")),
        "a column of booleans": lambda: frame.assign(extra=True),
        "a column of categories": lambda: frame.assign(extra=pd.Categorical(["a"] * n)),
        "a column more": lambda: frame.assign(extra=1.0),
        "no columns": lambda: frame[[]],
        "names with $": lambda: frame.set_axis([f"$x_{k}$" for k in range(frame.shape[1])], axis=1),
        "names of mixed kinds": lambda: frame.assign(extra=1.0).set_axis([*range(frame.shape[1]), "b"], axis=1),
        "names of levels": lambda: frame.set_axis(
            pd.MultiIndex.from_arrays([list(frame.columns), [1] * frame.shape[1]]), axis=1
        ),
        "nullable": lambda: table.astype("Float64"),
        "polars": lambda: pl.from_pandas(frame.reset_index(drop=True)),
        "polars LazyFrame": lambda: pl.from_pandas(frame.reset_index(drop=True)).lazy(),
        "transposed frame": lambda: frame.T,
    }
    return found


def _wrapper(table):
    """Return what gives values the index and names of a table."""
    if isinstance(table, pd.Series):
        return lambda values: pd.Series(values, index=table.index, name=table.name)
    if isinstance(table, pd.DataFrame):
        return lambda values: pd.DataFrame(values, index=table.index, columns=table.columns)
    return lambda values: values


def _with(values, value):
    changed = values.copy()
    changed.flat[changed.size // 2 : changed.size // 2 + 1] = value
    return changed


def _read_only(values):
    values = values.copy()
    values.flags.writeable = False
    return values


# ---- one attempt


@dataclass(frozen=True)
class Outcome:
    """How a call with one bad argument was answered.

    Parameters
    ----------
    argument, value : str
        The name of the argument, and that of the bad value.
    kind : str
        One of `KINDS`.
    message : str
        What the error, or the warning, says.
    about : str
        What was called.
    """

    argument: str
    value: str
    kind: str
    message: str = ""
    about: str = ""

    def __str__(self):
        return f"{self.kind:9} {self.about} {self.argument}={self.value}: {self.message}"


@dataclass(frozen=True)
class Attempt:
    """A call with one bad argument, to be made.

    Parameters
    ----------
    argument, value : str
        As of `Outcome`.
    call : callable without arguments
    state : callable without arguments
        What must be equal before and after a call that fails.
    names : tuple of str
        The message must have one of them. It is the argument by default.
    about : str
        As of `Outcome`.
    """

    argument: str
    value: str
    call: Callable[[], object]
    state: Callable[[], object] = field(default=lambda: None)
    names: tuple = ()
    about: str = ""

    def outcome(self):
        """Make the call, and classify the answer."""
        before = self.state()
        error, warned = answer(self.call)
        kind = ACCEPTED if error is None else self._kind_of(error)
        if error is not None and self.state() != before:
            kind = CHANGED
        elif warned and kind in (ACCEPTED, REFUSED, UNCLEAR):
            kind = WARNED
        message = (f"warning: {warned[0]}; " if kind == WARNED else "") + (
            "" if error is None else f"{type(error).__name__}: {error}"
        )
        return Outcome(self.argument, self.value, kind, " ".join(message.split())[:300], self.about)

    def _kind_of(self, error):
        is_meant = isinstance(error, ValueError | TypeError) and not isinstance(error, UnicodeError)
        if not is_meant or type(error).__module__.startswith("numpy"):  # as an AxisError
            return RAW
        return REFUSED if names_one_of(str(error), self.names or (self.argument,)) else UNCLEAR


def answer(call):
    """Call; return the exception or None, and the RuntimeWarnings of NumPy. Other warnings are for the user."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
            error = None
        except Exception as found:
            error = found
    return error, [str(one.message) for one in caught if one.category is RuntimeWarning]


def names_one_of(message, names):
    """Whether a message has one of several names as a word of its own."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message) for name in names)


def state_of(estimator):
    """Return what identifies an estimator: its parameters by identity, and a hash of what is saved of the others.

    So what pandas keeps in an index once it has been read is no state.
    """
    parameters = set(estimator.get_params(deep=False))
    return {name: id(getattr(estimator, name, None)) for name in parameters}, saved_state(estimator, parameters)


# ---- all attempts


def attempts(call, arguments, *, values=None, only=None, state=lambda: None, names=None, about=None):
    """List a call of a function for every argument and every bad value.

    Parameters
    ----------
    call : callable
        Called with the keyword arguments.
    arguments : dict
        Good arguments by name.
    values : dict, default=None
        Functions that make bad values, by name. None means all of them and, for an argument that is a table, its
        variants.
    only : list of str, default=None
        The arguments to replace.
    state : callable without arguments
        What must be equal before and after a call that fails. For an estimator, `lambda: state_of(estimator)`.
    names : dict, default=None
        By argument, other names that a message may call it by.
    about : str, default=None
        What is called.
    """
    found = []
    for argument in arguments if only is None else only:
        pool = values
        if pool is None:
            is_table = isinstance(arguments[argument], np.ndarray | pd.Series | pd.DataFrame)
            pool = VALUES | (variants(arguments[argument]) if is_table else {})
        for name, make in pool.items():
            found.append(
                Attempt(
                    argument,
                    name,
                    lambda argument=argument, make=make: call(**{**arguments, argument: make()}),
                    state,
                    (argument, *(names or {}).get(argument, ())),
                    getattr(call, "__name__", "") if about is None else about,
                )
            )
    return found


def attack(call, arguments, **settings):
    """Make the attempts of `attempts`, and yield the outcomes."""
    for attempt in attempts(call, arguments, **settings):
        yield attempt.outcome()


def sampled(items, number, seed=0):
    """Draw some of a list, always the same ones for a seed, in their order."""
    chosen = np.random.default_rng(seed).permutation(len(items))[:number]
    return [items[k] for k in sorted(chosen)]


def bad(outcomes):
    """The outcomes that must not be."""
    return [str(outcome) for outcome in outcomes if outcome.kind not in (ACCEPTED, REFUSED)]


# ---- in a process of its own


def run_apart(source, limit=LIMIT, number=None):
    """Make all attempts that a function returns, in other processes.

    An attempt that takes too long, or kills the process, counts as hung.

    Parameters
    ----------
    source : str
        "module:function". The function takes no arguments, and returns a list of Attempt.
    limit : float
        Seconds for an attempt.
    number : int, default=None
        Make only so many of them, see `sampled`.

    Returns
    -------
    list of Outcome
    """
    outcomes, is_done = [], False
    while not is_done:
        command = [sys.executable, "-m", "tests.attack", source, "--limit", str(limit), "--begin", str(len(outcomes))]
        command += [] if number is None else ["--number", str(number)]
        done = subprocess.run([*command, "--lines"], capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        outcomes += [Outcome(*map(_unescaped, line.split("\t"))) for line in lines if line.count("\t") == 4]
        is_done = "done" in lines
        if not is_done:
            begun = [line for line in lines if line.startswith("begin\t")]
            if not begun:
                raise RuntimeError(f"The attack itself failed: {done.stderr[-2000:]}")
            _, argument, value, about = begun[-1].split("\t")
            outcomes.append(Outcome(argument, value, HUNG, done.stderr[-300:], about))
    return outcomes


def _unescaped(text):
    return text.encode("ascii").decode("unicode_escape")


def _escaped(text):
    return text.encode("unicode_escape").decode("ascii")


def _attempts_of(source, number):
    module, _, function = source.partition(":")
    found = getattr(importlib.import_module(module), function)()
    return found if number is None else sampled(found, number)


def main():
    """Make attempts, and print what they end in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="module:function that returns attempts")
    parser.add_argument("--limit", type=float, default=LIMIT)
    parser.add_argument("--begin", type=int, default=0)
    parser.add_argument("--number", type=int)
    parser.add_argument("--lines", action="store_true", help="print each outcome, for `run_apart`")
    parser.add_argument("--all", action="store_true", help="show what was accepted or refused, too")
    asked = parser.parse_args()
    if not asked.lines:
        outcomes = run_apart(asked.source, asked.limit, asked.number)
        for outcome in outcomes:
            if asked.all or outcome.kind not in (ACCEPTED, REFUSED):
                print(outcome)
        print(dict(Counter(outcome.kind for outcome in outcomes)), "of", len(outcomes))
        return
    for attempt in _attempts_of(asked.source, asked.number)[asked.begin :]:
        faulthandler.dump_traceback_later(asked.limit, exit=True)
        print("begin", attempt.argument, attempt.value, attempt.about, sep="\t", flush=True)
        found = attempt.outcome()
        parts = (found.argument, found.value, found.kind, found.message, found.about)
        print(*map(_escaped, parts), sep="\t", flush=True)
    print("done")


if __name__ == "__main__":
    main()
