"""Programs: what a compiled model is to its user."""

from nnc.program.names import EVALUATE, PREDICT, PROLOGUE, TRAIN
from nnc.program.program import Program
from nnc.program.prologue import Version
from nnc.program.spec import COUNT, TOTAL, ArraySpec, ProgramSpec, ResultSpec, TargetSpec, VariableSpec, sums_label
from nnc.program.storage import load
from nnc.program.weights import SAMPLE_WEIGHT, STEPS, WEIGHTED, weight_labels, weights_suffixes

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
