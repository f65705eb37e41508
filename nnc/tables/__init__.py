"""The meaning of a table's columns to a program: numbers, categories, classes, and what a missing cell is."""

from nnc.tables.declaration import Declared, read_declaration
from nnc.tables.inputs import CategoryColumn, IgnoredColumn, NumberColumn
from nnc.tables.outputs import OutputForm
from nnc.tables.schema import TableSchema
from nnc.tables.schema_inference import learn_inputs, learn_target
from nnc.tables.targets import ClassTarget, NumberTarget

__all__ = [
    "CategoryColumn",
    "ClassTarget",
    "Declared",
    "IgnoredColumn",
    "NumberColumn",
    "NumberTarget",
    "OutputForm",
    "TableSchema",
    "learn_inputs",
    "learn_target",
    "read_declaration",
]
