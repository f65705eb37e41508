"""The text part of programs: what makes numbers of texts before a graph, in Python and NumPy, stored as plain data."""

from __future__ import annotations

from nnc.text.edge import Edge, EdgeStep
from nnc.text.encoding import Encoding
from nnc.text.steps import Crossing, Hashing, InverseLookup, Lookup, Step, Vectorization
from nnc.text.text_arrays import as_text_array

__all__ = [
    "Crossing",
    "Edge",
    "EdgeStep",
    "Encoding",
    "Hashing",
    "InverseLookup",
    "Lookup",
    "Step",
    "Vectorization",
    "as_text_array",
]
