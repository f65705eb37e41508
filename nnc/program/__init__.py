"""Programs: what a compiled model is to its user."""

from nnc.program.history import History
from nnc.program.program import COUNT, EVALUATE, PREDICT, SAMPLE_WEIGHT, TOTAL, TRAIN, WEIGHTED, Program
from nnc.program.spec import ArraySpec, ProgramSpec, TargetSpec, VariableSpec
from nnc.program.storage import load

__all__ = [
    "COUNT",
    "EVALUATE",
    "PREDICT",
    "SAMPLE_WEIGHT",
    "TOTAL",
    "TRAIN",
    "WEIGHTED",
    "ArraySpec",
    "History",
    "Program",
    "ProgramSpec",
    "TargetSpec",
    "VariableSpec",
    "load",
]
