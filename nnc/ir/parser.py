"""Reads the text form of graphs; nothing in a text is ever executed."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isinf
from typing import Any

from nnc.errors import GraphError, NncError
from nnc.ir.dimensions import Dim, parse_dim
from nnc.ir.graph import PHASES, Graph, Value
from nnc.ir.leaves import Constant, Leaf
from nnc.ir.names import PATH, SIMPLE, name_text
from nnc.ir.op import make_op, op_class
from nnc.ir.tokens import STRING, Tokens, unquoted
from nnc.ir.types import FLOATING, LONG_NAMES, TensorType

_FRACTION = re.compile(r"[.eEi]")
_WORDS = {"true": True, "false": False, "none": None, "inf": float("inf"), "nan": float("nan")}
_DIM_MARKS = frozenset({"(", ")", "*", "+", "-", "//"})
_MAXIMUM_DEPTH = 8
"""Bodies inside bodies, and lists inside lists, that a text may have."""


def parse_graph(text: str, source: str = "graph") -> Graph:
    """Read a graph from its text form.

    Args:
        text: what ``str(graph)`` prints.
        source: name used in messages.

    Raises:
        GraphError: the text is malformed; the message names source and line.
    """
    tokens = Tokens(text, source)
    try:
        tokens.expect("graph")
        graph = Graph(tokens.name("the graph's name"))
        tokens.expect("(")
        body = _Body(tokens, graph)
        tokens.listed(body.input, ")")
        tokens.expect("{")
        body.read()
        if tokens.peek()[0] != "end":
            tokens.fail(f"expected the end of the text, found {tokens.next()[1]!r}")
    except (NncError, ValueError, OverflowError) as error:
        if isinstance(error, GraphError) and str(error).startswith(f"{source} line "):
            raise
        raise GraphError(f"{source} line {tokens.line}: {error}") from error
    return graph


class _Body:
    """Reads the lines between a graph's braces."""

    def __init__(self, tokens: Tokens, graph: Graph, depth: int = 0) -> None:
        self.tokens = tokens
        self.graph = graph
        self.depth = depth
        self.values: dict[str, Value] = {}

    def input(self) -> None:
        label = self.tokens.name("an input's name")
        self.tokens.expect(":")
        self.declare(label, _type(self.tokens))

    def declare(self, label: str, type: TensorType) -> None:
        self.values[f"%{name_text(label)}"] = self.graph.input(label, type)

    def read(self) -> None:
        tokens = self.tokens
        while not tokens.accept("}"):
            if tokens.accept("state"):
                self.state()
            elif tokens.accept("return"):
                tokens.separated(self.output)
            elif tokens.accept("update"):
                label = tokens.state()
                tokens.expect("=")
                self.graph.update(label, self.operand())
            else:
                self.node()

    def state(self) -> None:
        label = self.tokens.state()
        if self.depth:
            self.tokens.fail("a body cannot have state of its own")
        self.tokens.expect(":")
        type = _type(self.tokens)
        role = self.tokens.word("name", "the state's role")
        self.values[f"@{name_text(label)}"] = self.graph.state(label, type, role)

    def output(self) -> None:
        label = self.tokens.name("an output's name")
        self.tokens.expect("=")
        self.graph.output(label, self.operand())

    def result(self) -> str:
        text = self.tokens.word("value", "a value such as %name")
        if text.startswith("@"):
            self.tokens.fail(f"expected a value such as %name, found {text!r}")
        return text

    def node(self) -> None:
        tokens = self.tokens
        names = tokens.separated(self.result)
        tokens.expect("=")
        title = tokens.word("name", "an operation")
        name, _, kind = title.partition(".")
        if issubclass(op_class(name), Leaf):
            tokens.fail(f"'{name}' is not an operation to apply; inputs, states and constants have their own form")
        operands, attributes = self.arguments({"kind": kind} if kind else {})
        tokens.expect(":")
        types = tuple(tokens.separated(lambda: _type(tokens)))
        if tokens.accept("{"):
            attributes["body"] = self.nested(
                op_class(name).body_types(attributes, [operand.type for operand in operands])
            )
        path, phase = _place(tokens.comment())
        hints = [text[1:] if SIMPLE.fullmatch(text[1:]) else "" for text in names]
        with self.graph.scope(path, phase):
            results = self.graph.add(make_op(name, attributes), *operands, names=hints)
        found = tuple(result.type for result in results)
        if found != types:
            tokens.fail(f"'{title}' gives {', '.join(map(str, found))}, the text says {', '.join(map(str, types))}")
        for text, value in zip(names, results, strict=True):
            if text in self.values:
                tokens.fail(f"{text} is defined twice")
            self.values[text] = value

    def arguments(self, attributes: dict[str, Any]) -> tuple[list[Value], dict[str, Any]]:
        tokens = self.tokens
        operands: list[Value] = []

        def argument() -> None:
            kind, text = tokens.peek()
            if kind != "name" or text in LONG_NAMES:
                operands.append(self.operand())
                return
            tokens.next()
            if text in attributes:
                tokens.fail(f"attribute '{text}' is given twice")
            tokens.expect("=")
            attributes[text] = _attribute(tokens)

        tokens.expect("(")
        tokens.listed(argument, ")")
        return operands, attributes

    def operand(self) -> Value:
        tokens = self.tokens
        kind, text = tokens.peek()
        if kind == "value":
            tokens.next()
            if text not in self.values:
                tokens.fail(f"{text} is used before it is defined")
            return self.values[text]
        type = _type(tokens)
        tokens.expect("(")
        numbers = tokens.listed(lambda: _number(tokens, type.dtype), ")")
        return self.graph.add_constant(Constant(type, tuple(numbers)))

    def nested(self, types: list[TensorType]) -> Graph:
        tokens = self.tokens
        if self.depth == _MAXIMUM_DEPTH:
            tokens.fail("bodies are nested too deeply")
        body = _Body(tokens, Graph("body"), self.depth + 1)
        tokens.expect("(")
        labels = tokens.listed(lambda: tokens.name("a body's input"), ")")
        if len(labels) != len(types):
            tokens.fail(f"the body has {len(labels)} inputs for {len(types)} operands")
        for label, type in zip(labels, types, strict=True):
            body.declare(label, type)
        body.read()
        return body.graph


def _place(comment: str) -> tuple[str, str]:
    """Return the path and phase of a comment such as ``dense forward``; any other comment says nothing."""
    path, _, phase = comment.rpartition(" ")
    if phase in PHASES and STRING.fullmatch(path):
        return unquoted(path), phase
    if phase in PHASES and (path == "-" or PATH.fullmatch(path)):
        return path.removeprefix("-"), phase
    return "", "forward"


def _number(tokens: Tokens, dtype: str) -> float:
    kind, text = tokens.next()
    if dtype == "bool":
        if text not in ("true", "false"):
            tokens.fail(f"expected true or false, found {text!r}")
        return text == "true"
    if kind != "number" and text not in ("inf", "nan"):
        tokens.fail(f"expected a number, found {text!r}")
    import numpy

    if dtype not in FLOATING:
        return int(numpy.array(int(text), dtype))
    with numpy.errstate(over="ignore"):
        number = float(numpy.array(float(text), dtype))
    if isinf(number) and not text.endswith("inf"):
        tokens.fail(f"{text} is too large for {dtype}")
    return number


def _type(tokens: Tokens) -> TensorType:
    kind, text = tokens.peek()
    if kind == "type":
        tokens.next()
        return _plain_type(text)
    short = tokens.word("name", "a type such as f32[batch,2]")
    if short not in LONG_NAMES:
        tokens.fail(f"unknown element type {short!r}; known are {', '.join(LONG_NAMES)}")
    shape = tokens.listed(lambda: _dim(tokens), "]") if tokens.accept("[") else []
    return TensorType(LONG_NAMES[short], tuple(shape))


@lru_cache(1024)
def _plain_type(text: str) -> TensorType:
    """Return the type of a token that has all of it."""
    short, _, dims = text.removesuffix("]").partition("[")
    return TensorType(LONG_NAMES[short], tuple([parse_dim(dim) for dim in dims.split(",")]) if dims else ())


def _dim(tokens: Tokens) -> Dim:
    parts: list[str] = []
    depth, complete = 0, False
    while True:
        kind, text = tokens.peek()
        depth += (text == "(") - (text == ")")
        operand = kind in ("number", "name")
        if depth < 0 or not (operand or text in _DIM_MARKS) or (operand and complete and not text.startswith("-")):
            break
        parts.append(tokens.next()[1])
        complete = operand or text == ")"
    if not parts:
        tokens.fail(f"expected a dimension, found {tokens.next()[1]!r}")
    return parse_dim(" ".join(parts))


def _attribute(tokens: Tokens, depth: int = 0) -> Any:
    kind, text = tokens.peek()
    if tokens.accept("["):
        if depth == _MAXIMUM_DEPTH:
            tokens.fail("lists are nested too deeply")
        return tuple(tokens.listed(lambda: _attribute(tokens, depth + 1), "]"))
    if kind == "type" or (kind == "name" and text in LONG_NAMES):
        return _type(tokens)
    if kind != "string" and text not in _WORDS and not (kind == "number" and _FRACTION.search(text)):
        return _dim(tokens)
    tokens.next()
    return unquoted(text) if kind == "string" else _WORDS[text] if text in _WORDS else float(text)
