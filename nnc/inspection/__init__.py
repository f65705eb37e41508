"""Looks into models and programs: what they consist of and cost, and in what two of them differ."""

from nnc.inspection.difference import Difference, Figure, LayerChange, Outputs, WeightChange
from nnc.inspection.inspection import Inspection, inspect
from nnc.inspection.layer_table import LayerRecord
from nnc.inspection.model_diff import diff
from nnc.inspection.subject import Subject, open_subject

__all__ = [
    "Difference",
    "Figure",
    "Inspection",
    "LayerChange",
    "LayerRecord",
    "Outputs",
    "Subject",
    "WeightChange",
    "diff",
    "inspect",
    "open_subject",
]
