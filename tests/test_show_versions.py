"""`show_versions` prints what a report of a problem should say."""

import platform

import numpy as np

import sklstm
from sklstm import _show_versions
from sklstm._network.activations import Choice


def printed(capsys):
    """The lines, by the name before the colon."""
    sklstm.show_versions()
    return dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())


def test_versions_are_those_of_what_runs(capsys):
    lines = printed(capsys)
    assert lines["sklstm"] == sklstm.__version__
    assert lines["Python"] == platform.python_version()
    assert lines["numpy"] == np.__version__
    assert platform.machine() in lines["platform"]
    assert any(name.startswith("BLAS") for name in lines)


def test_the_form_of_each_precision_is_said_with_its_reason(capsys, monkeypatch):
    choices = {"float32": Choice("exp", "why"), "float64": Choice("tanh", "because")}
    monkeypatch.setattr(_show_versions, "choice", choices.__getitem__)
    lines = printed(capsys)
    assert (lines["gates in float32"], lines["gates in float64"]) == ("exp (why)", "tanh (because)")


def test_a_package_that_is_missing_is_said(capsys, monkeypatch):
    monkeypatch.setattr(_show_versions, "DEPENDENCIES", ("no-such-package",))
    assert printed(capsys)["no-such-package"] == "not installed"
