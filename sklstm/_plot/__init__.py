"""Displays in scikit-learn's convention."""

from sklstm._plot._loss_curve import LossCurveDisplay

__all__ = ["LossCurveDisplay"]
