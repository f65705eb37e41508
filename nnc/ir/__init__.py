"""The intermediate representation: typed static graphs, their text form, and their rules."""

from importlib import import_module
from time import time_ns
from typing import TYPE_CHECKING, Any

from nnc.ir.backward import gradients
from nnc.ir.dimensions import Dim, SymbolicDim, parse_dim, symbol
from nnc.ir.graph import PHASES, Graph, Node, Operand, Value
from nnc.ir.interpreter import interpret
from nnc.ir.layout import Layout
from nnc.ir.leaves import HOISTED, PARAMETER, Constant, Input, State
from nnc.ir.nominal import NOMINAL_SIZE, count_flops, nominal_sizes
from nnc.ir.op import Op, make_op, op_class, op_names
from nnc.ir.parser import parse_graph
from nnc.ir.placeholder import Placeholder, capturing, is_building, meaning
from nnc.ir.printer import print_graph, value_names
from nnc.ir.rewriter import Rewriter, copy_into
from nnc.ir.types import (
    FLOATING,
    NUMERIC,
    Shape,
    TensorType,
    bind_shape,
    broadcast_shapes,
    size_of,
    solve_symbols,
)
from nnc.ir.verifier import check_legal, verify

LOADED = time_ns()
"""When this code was loaded; what changed in its files later is not what runs."""

__all__ = [
    "FLOATING",
    "NOMINAL_SIZE",
    "NUMERIC",
    "HOISTED",
    "PARAMETER",
    "PHASES",
    "Constant",
    "Dim",
    "Graph",
    "Input",
    "Layout",
    "Node",
    "Op",
    "Placeholder",
    "Operand",
    "Rewriter",
    "Shape",
    "State",
    "SymbolicDim",
    "TensorType",
    "Value",
    "bind_shape",
    "broadcast_shapes",
    "capturing",
    "check_legal",
    "count_flops",
    "copy_into",
    "gradients",
    "interpret",
    "make_op",
    "is_building",
    "meaning",
    "nominal_sizes",
    "op_class",
    "op_names",
    "parse_dim",
    "parse_graph",
    "print_graph",
    "size_of",
    "solve_symbols",
    "symbol",
    "value_names",
    "verify",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "ops":  # which know the graph, and the graph none of them
            return import_module("nnc.ir.ops")
        raise AttributeError(f"module 'nnc.ir' has no attribute {name!r}")
