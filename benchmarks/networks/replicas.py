"""The networks of which many replicas are trained at once."""

from __future__ import annotations

from benchmarks.networks.dense import BASE_WIDTHS, DIGITS_WIDTHS

WIDTHS = {"base": BASE_WIDTHS, "digits": DIGITS_WIDTHS}
"""Units of their layers, the number of inputs first."""
