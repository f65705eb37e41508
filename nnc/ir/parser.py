"""Reads the text form of graphs; nothing in a text is ever executed."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from nnc.errors import GraphError, NncError
from nnc.ir.graph import PHASES, Graph, Value
from nnc.ir.leaves import Constant
from nnc.ir.op import make_op, op_class
from nnc.ir.types import LONG_NAMES, Dim, TensorType, symbol

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<comment>\#[^\n]*)
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<number>-?(?:inf\b|nan\b|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?))
  | (?P<value>[%@][A-Za-z0-9_/.\-]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_/.\-]*)
  | (?P<mark>[(){}\[\]:,=*])
  )""",
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "none": None}


class _Tokens:
    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.items: list[tuple[str, str, int]] = []
        position, line = 0, 1
        end = len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                line += text.count("\n", position, position + 1)
                raise GraphError(
                    f"{source} line {line}: cannot read {text[position:].strip()[:40].partition(chr(10))[0]!r}"
                )
            kind = match.lastgroup or ""
            line += text.count("\n", position, match.start(kind))
            self.items.append((kind, match[kind], line))
            position = match.end()
        self.items.append(("end", "end of text", line))
        self.at = 0

    @property
    def line(self) -> int:
        return self.items[self.at][2]

    def peek(self) -> tuple[str, str]:
        at = self.at
        while self.items[at][0] == "comment":
            at += 1
        return self.items[at][0], self.items[at][1]

    def next(self) -> tuple[str, str]:
        while self.items[self.at][0] == "comment":
            self.at += 1
        kind, text, _ = self.items[self.at]
        self.at = min(self.at + 1, len(self.items) - 1)
        return kind, text

    def comment(self, line: int) -> str:
        kind, text, found = self.items[self.at]
        return text[1:].strip() if kind == "comment" and found == line else ""

    def accept(self, text: str) -> bool:
        if self.peek()[1] == text and self.peek()[0] in ("mark", "name"):
            self.next()
            return True
        return False

    def expect(self, text: str) -> None:
        found = self.next()[1]
        if found != text:
            self.fail(f"expected {text!r}, found {found!r}")

    def word(self, kind: str, what: str) -> str:
        found, text = self.next()
        if found != kind:
            self.fail(f"expected {what}, found {text!r}")
        return text

    def fail(self, message: str) -> NoReturn:
        line = self.items[max(self.at - 1, 0)][2]
        raise GraphError(f"{self.source} line {line}: {message}")


def parse_graph(text: str, source: str = "graph") -> Graph:
    """Read a graph from its text form.

    Args:
        text: what ``str(graph)`` prints.
        source: name used in messages.

    Raises:
        GraphError: the text is malformed; the message names source and line.
    """
    tokens = _Tokens(text, source)
    try:
        tokens.expect("graph")
        graph = Graph(tokens.word("name", "the graph's name"))
        tokens.expect("(")
        while not tokens.accept(")"):
            label = tokens.word("name", "an input's name")
            tokens.expect(":")
            graph.input(label, _type(tokens))
            tokens.accept(",")
        tokens.expect("{")
        _Body(tokens, graph).read()
        if tokens.peek()[0] != "end":
            tokens.fail(f"expected the end of the text, found {tokens.next()[1]!r}")
    except (NncError, ValueError, OverflowError) as error:
        if isinstance(error, GraphError) and str(error).startswith(f"{source} line "):
            raise
        raise GraphError(f"{source} line {tokens.line}: {error}") from error
    except RecursionError:
        raise GraphError(f"{source} line {tokens.line}: bodies are nested too deeply") from None
    return graph


class _Body:
    """Reads the lines between a graph's braces."""

    def __init__(self, tokens: _Tokens, graph: Graph) -> None:
        self.tokens = tokens
        self.graph = graph
        self.values: dict[str, Value] = {f"%{label}": value for label, value in graph.inputs.items()}

    def read(self) -> None:
        tokens = self.tokens
        while not tokens.accept("}"):
            if tokens.accept("state"):
                label = tokens.word("value", "a state such as @name")[1:]
                tokens.expect(":")
                type = _type(tokens)
                self.values[f"@{label}"] = self.graph.state(label, type, tokens.word("name", "the state's role"))
            elif tokens.accept("return"):
                while True:
                    label = tokens.word("name", "an output's name")
                    tokens.expect("=")
                    self.graph.output(label, self.operand())
                    if not tokens.accept(","):
                        break
            elif tokens.accept("update"):
                label = tokens.word("value", "a state such as @name")[1:]
                tokens.expect("=")
                self.graph.update(label, self.operand())
            else:
                self.node()

    def node(self) -> None:
        tokens = self.tokens
        names = [tokens.word("value", "a value such as %name")]
        while tokens.accept(","):
            names.append(tokens.word("value", "a value such as %name"))
        tokens.expect("=")
        title = tokens.word("name", "an operation")
        name, _, kind = title.partition(".")
        op_class(name)
        operands, attributes = self.arguments()
        if kind:
            attributes["kind"] = kind
        tokens.expect(":")
        types = [_type(tokens)]
        while tokens.accept(","):
            types.append(_type(tokens))
        if tokens.accept("{"):
            attributes["body"] = self.nested([operand.type for operand in operands])
        line = tokens.items[tokens.at - 1][2]
        path, phase = self.place(tokens.comment(line))
        hints = ["" if text[1:].isdigit() else text[1:] for text in names]
        with self.graph.scope(path, phase):
            results = self.graph.add(make_op(name, attributes), *operands, names=hints)
        found = tuple(result.type for result in results)
        if found != tuple(types):
            tokens.fail(f"'{title}' gives {', '.join(map(str, found))}, the text says {', '.join(map(str, types))}")
        for text, value in zip(names, results, strict=True):
            if text in self.values:
                tokens.fail(f"{text} is defined twice")
            self.values[text] = value

    def place(self, comment: str) -> tuple[str, str]:
        words = comment.split()
        if len(words) == 2 and words[1] in PHASES:
            return ("" if words[0] == "-" else words[0]), words[1]
        return "", "forward"

    def arguments(self) -> tuple[list[Value], dict[str, Any]]:
        tokens = self.tokens
        operands: list[Value] = []
        attributes: dict[str, Any] = {}
        tokens.expect("(")
        while not tokens.accept(")"):
            kind, text = tokens.peek()
            if kind == "name" and text not in LONG_NAMES:
                tokens.next()
                tokens.expect("=")
                attributes[text] = _attribute(tokens)
            else:
                operands.append(self.operand())
            if not tokens.accept(",") and tokens.peek()[1] != ")":
                tokens.fail(f"expected ',' or ')', found {tokens.peek()[1]!r}")
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
        numbers: list[float] = []
        while not tokens.accept(")"):
            numbers.append(_number(tokens, type.dtype))
            tokens.accept(",")
        return self.graph.add_constant(Constant(type, tuple(numbers)))

    def nested(self, types: list[TensorType]) -> Graph:
        tokens = self.tokens
        body = Graph("body")
        tokens.expect("(")
        for type in types:
            body.input(tokens.word("name", "a body's input"), type)
            tokens.accept(",")
        tokens.expect(")")
        _Body(tokens, body).read()
        return body


def _number(tokens: _Tokens, dtype: str) -> float:
    kind, text = tokens.next()
    if dtype == "bool" and text in ("true", "false"):
        return text == "true"
    if kind != "number":
        tokens.fail(f"expected a number, found {text!r}")
    if dtype == "float32":
        import numpy

        return float(numpy.float32(text))
    return float(text) if dtype == "float64" else int(text)


def _type(tokens: _Tokens) -> TensorType:
    short = tokens.word("name", "a type such as f32[batch,2]")
    if short not in LONG_NAMES:
        tokens.fail(f"unknown element type {short!r}; known are {', '.join(LONG_NAMES)}")
    shape: list[Dim] = []
    if tokens.accept("["):
        while not tokens.accept("]"):
            shape.append(_dim(tokens))
            tokens.accept(",")
    return TensorType(LONG_NAMES[short], tuple(shape))


def _dim(tokens: _Tokens) -> Dim:
    dim: Dim = 1
    while True:
        kind, text = tokens.next()
        if kind == "number":
            dim = dim * int(text)
        elif kind == "name":
            dim = dim * symbol(text)
        else:
            tokens.fail(f"expected a dimension, found {text!r}")
        if not tokens.accept("*"):
            return dim


def _attribute(tokens: _Tokens) -> Any:
    kind, text = tokens.peek()
    if tokens.accept("["):
        items: list[Any] = []
        while not tokens.accept("]"):
            items.append(_attribute(tokens))
            tokens.accept(",")
        return tuple(items)
    if kind == "string":
        tokens.next()
        return text[1:-1].encode("ascii", "backslashreplace").decode("unicode_escape")
    if kind == "name" and text in LONG_NAMES:
        return _type(tokens)
    if kind == "name" and text in _WORDS:
        tokens.next()
        return _WORDS[text]
    if kind == "number" and not re.fullmatch(r"-?\d+", text):
        tokens.next()
        return float(text)
    if kind == "number" and text.startswith("-"):
        tokens.next()
        return int(text)
    return _dim(tokens)
