"""Data: the experiment's points, one's own arrays, and tables in files."""

from nnc.data.columns import Columns
from nnc.data.dataset import ArrayDataset, Dataset, standardize
from nnc.data.table import Table
from nnc.data.table_files import (
    WRITTEN,
    is_compressed,
    is_table,
    is_text,
    read_arrays,
    read_columns,
    read_inputs,
    read_table,
    write_arrays,
    write_table,
)

__all__ = [
    "ArrayDataset",
    "Columns",
    "Dataset",
    "Table",
    "WRITTEN",
    "is_compressed",
    "is_table",
    "is_text",
    "read_arrays",
    "read_columns",
    "read_inputs",
    "read_table",
    "standardize",
    "write_arrays",
    "write_table",
]
