"""Programs: what a compiled model is to its user."""

from nnc.execution.prologue import Version
from nnc.execution.spec import ArraySpec, ProgramSpec, ResultSpec, TargetSpec, VariableSpec
from nnc.labels import COUNT, EVALUATE, PREDICT, PROLOGUE, STEPS, TOTAL, TRAIN, WEIGHTED, sums_label
from nnc.program.program import Program, load
from nnc.program.sample_weights import SAMPLE_WEIGHT, weight_labels, weights_suffixes

__all__ = [
    "COUNT",
    "EVALUATE",
    "PREDICT",
    "PROLOGUE",
    "SAMPLE_WEIGHT",
    "STEPS",
    "TOTAL",
    "TRAIN",
    "WEIGHTED",
    "ArraySpec",
    "Program",
    "ProgramSpec",
    "ResultSpec",
    "TargetSpec",
    "VariableSpec",
    "Version",
    "load",
    "sums_label",
    "weight_labels",
    "weights_suffixes",
]
