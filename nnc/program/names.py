"""Names of a program's graphs."""

from __future__ import annotations

PREDICT, EVALUATE, TRAIN = "predict", "evaluate", "train"
PROLOGUE = "predict_prologue"
"""The graph that derives the states of role ``hoisted``, which predictions read; see `nnc.passes.hoist`."""
