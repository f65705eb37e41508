"""Programs: what a compiled model is to its user."""

from nnc.program.calling import PREDICT
from nnc.program.program import EVALUATE, PROLOGUE, TRAIN, Program
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
