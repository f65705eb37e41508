"""Text form of graphs: one line per node, which `nnc.ir.parser` reads back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

from nnc.ir.dimensions import SymbolicDim
from nnc.ir.graph import Graph, Node, Value
from nnc.ir.leaves import Constant, Input, State
from nnc.ir.names import SIMPLE, name_text, path_text
from nnc.ir.op import Op
from nnc.ir.types import SHORT_NAMES, TensorType


def value_names(graph: Graph, given: Mapping[Value, str] = MappingProxyType({})) -> dict[Value, str]:
    """Return a unique printable name for each value: ``%h``, ``@dense/kernel``, ``%3``.

    Constants have none: they are printed where they are used.

    Args:
        graph: the graph.
        given: names of inputs that are not called by their labels.
    """
    names: dict[Value, str] = {}
    taken: dict[str, int] = {}
    unnamed = 0
    for label, value in graph.inputs.items():
        names[value] = given.get(value) or f"%{name_text(label)}"
        if value not in given:
            taken[label] = 0
    for node in graph.nodes:
        if isinstance(node.op, Input | Constant):
            continue
        for value, hint in zip(graph.results(node), node.names, strict=True):
            if isinstance(node.op, State):
                names[value] = f"@{name_text(node.op.label)}"
            elif SIMPLE.fullmatch(hint):
                name = hint
                while name in taken:
                    taken[hint] += 1
                    name = f"{hint}.{taken[hint]}"
                taken[name] = 0
                names[value] = f"%{name}"
            else:
                names[value] = f"%{unnamed}"
                unnamed += 1
    return names


def print_graph(graph: Graph) -> str:
    """Return the text of a graph; equal graphs give equal texts, in every process."""
    inputs = ", ".join(f"{name_text(label)}: {value.type}" for label, value in graph.inputs.items())
    return f"graph {name_text(graph.name)}({inputs}) {{\n{_body(graph, '  ')}}}\n"


def _body(graph: Graph, indent: str) -> str:
    names = value_names(graph)
    lines = []
    for label, value in graph.states.items():
        op = value.node.op
        assert isinstance(op, State)
        lines.append(f"{indent}state @{name_text(label)} : {op.type} {op.role}\n")
    lines += [f"{indent}{node_line(node, names, indent)}\n" for node in graph.nodes if not node.is_leaf]
    if graph.outputs:
        outputs = (f"{name_text(label)}={operand_text(value, names)}" for label, value in graph.outputs.items())
        lines.append(f"{indent}return {', '.join(outputs)}\n")
    lines += [
        f"{indent}update @{name_text(label)} = {operand_text(value, names)}\n" for label, value in graph.updates.items()
    ]
    return "".join(lines)


def node_line(node: Node, names: Mapping[Value, str], indent: str = "", with_body: bool = True) -> str:
    """Return the line of one node, with its body in braces where it has one."""
    graph = node.operands[0].graph if node.operands else None
    results = (
        [name for value, name in names.items() if value.index == node.index]
        if graph is None
        else [names[value] for value in graph.results(node)]
    )
    operands = [operand_text(value, names) for value in node.operands]
    types = ", ".join(map(str, node.types))
    body = ""
    attributes = []
    for key, value in _visible_attributes(node.op).items():
        if isinstance(value, Graph):
            inner = _body(value, indent + "  ")
            labels = ", ".join(map(name_text, value.inputs))
            body = f" {{({labels})\n{inner}{indent}}}" if with_body else ""
        else:
            attributes.append(f"{key}={attribute_text(value)}")
    comment = (
        ""
        if not node.path and node.phase == "forward"
        else f"  # {path_text(node.path) if node.path else '-'} {node.phase}"
    )
    arguments = ", ".join(operands + attributes)
    return f"{', '.join(results)} = {node.op.title}({arguments}) : {types}{body}{comment}"


def _visible_attributes(op: Op) -> dict[str, Any]:
    defaults = op.attribute_defaults()
    hidden = {"kind"} if op.title != op.name else set()
    return {key: value for key, value in op.attributes().items() if key not in hidden and value != defaults[key]}


def operand_text(value: Value, names: Mapping[Value, str]) -> str:
    """Return a value's name, or a constant's literal such as ``f32(0.5)``."""
    op = value.node.op
    return constant_text(op) if isinstance(op, Constant) else names[value]


def constant_text(op: Constant) -> str:
    """Return ``f32(0.5)`` or ``f32[2](1.0, 2.0)``; numbers read back to the same bits."""
    kind = SHORT_NAMES[op.type.dtype] if op.type.rank == 0 else str(op.type)
    return f"{kind}({', '.join(number_text(number, op.type.dtype) for number in op.data)})"


def number_text(number: float, dtype: str) -> str:
    """Return the shortest text that reads back as the same element."""
    if dtype == "float32" and isfinite(number):
        import numpy

        return repr(float(str(numpy.float32(number))))
    return str(number).lower() if isinstance(number, bool) else repr(number)


def attribute_text(value: Any) -> str:
    """Return the literal of an attribute."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(attribute_text, value))}]"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, int | float | SymbolicDim | TensorType):
        return str(value)
    raise TypeError(f"an attribute cannot be a {type(value).__name__}")
