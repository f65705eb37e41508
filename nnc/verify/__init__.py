"""Checks a model against Keras, layer by layer, forward and backward: the tool for "my model gives other numbers"."""

from nnc.verify.findings import Comparison, Report
from nnc.verify.verification import verify

__all__ = ["Comparison", "Report", "verify"]
