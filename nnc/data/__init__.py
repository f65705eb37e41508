"""Data: the experiment's points, one's own arrays, and tables in files."""

from nnc.data.columns import Columns
from nnc.data.dataset import ArrayDataset, Dataset, standardize
from nnc.data.row_array import RowArray
from nnc.data.row_files import open_rows
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
    "RowArray",
    "Table",
    "WRITTEN",
    "is_compressed",
    "is_table",
    "is_text",
    "open_rows",
    "read_arrays",
    "read_columns",
    "read_inputs",
    "read_table",
    "standardize",
    "write_arrays",
    "write_table",
]
