"""Programs: what a compiled model is to its user."""

from nnc.program.program import COUNT, EVALUATE, PREDICT, PROLOGUE, SAMPLE_WEIGHT, TOTAL, TRAIN, WEIGHTED, Program
from nnc.program.prologue import Version
from nnc.program.spec import ArraySpec, ProgramSpec, ResultSpec, TargetSpec, VariableSpec, sums_label
from nnc.program.storage import load

__all__ = [
    "COUNT",
    "EVALUATE",
    "PREDICT",
    "PROLOGUE",
    "SAMPLE_WEIGHT",
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
]
