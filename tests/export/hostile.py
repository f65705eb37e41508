"""Names that would be code where they are pasted, and a program that has them wherever a name can stand."""

from __future__ import annotations

import re

import numpy

from nnc.execution.spec import ArraySpec, ProgramSpec, TargetSpec, VariableSpec
from nnc.ir import Graph, TensorType, Value, ops, symbol
from nnc.ir.types import LONG_NAMES
from nnc.labels import COUNT, LEARNING_RATE, TOTAL
from nnc.passes import Fuse, Schedule, run_passes
from nnc.program import Program

MARKER = "marker"
"""The file that names make when they are run."""
_MAKE = f"__import__('os').system('touch {MARKER}')"

ORDINARY = ("it's", 'a"b', "back\\", "two\\\\", "größe", "a b", "x", "X", "x.npy", "x_after", "2nd", "1.5", "-", "_")
PYTHON = (
    f"'+str({_MAKE})+'",
    f'"+str({_MAKE})+"',
    f'"""+str({_MAKE})+"""',
    "'''",
    f"{{{_MAKE}}}",
    f"%({_MAKE})s %d %n {{0}} {{x}}",
    "\\N{BULLET} \\x41 \\u0041 \\101 \\",
    "<NAME><WEIGHTS><CHECK>",
    *("__import__", "__debug__", "__builtins__", "None", "lambda", "match", "self", "eval", "print", "float", "min"),
    *("STATES", "CONSTANTS", "ARENA", "in_arena", "in_state", "numpy", "rows", "run", "bind_predict", "predict"),
    *("batch_rows", "number_of_rows", *"ijkmnpq"),
)
C = (
    f'*/ #include <stdlib.h> static int x = system("touch {MARKER}"); /*',
    "/*",
    "*/",
    "*",
    "//",
    "end\\",
    "??/",
    '??/"??)',
    f'"; system("touch {MARKER}"); "',
    "#define int float",
    *("NULL", "NAN", "INFINITY", "FLT_MAX", "INT64_MAX", "EOF", "I", "linux", "bool", "int", "int64_t", "size_t"),
    *("asm", "class", "template", "new", "sizeof", "memcpy", "fabsf", "main", "state", "arena", "losses", "metrics"),
    *("init", "train", "current", "predict_x", "x_at", "x_size", "batch_size", "order", "sources", "source_0"),
    *("number", "target", "nnc_band", "nnc_exp_f32", "NNC_OMP", "output", "output_x", "given_x", "found_x"),
    *("expected_x", "int_t", "v_x"),
)
LETTERS = ("שלום", "مرحبا", "日本語", "😀", "a" * 300, "é" * 300, "'\"" * 150)
NAMES = tuple(dict.fromkeys((*ORDINARY, *PYTHON, *C, *LETTERS)))
FEW = (
    *(name for name in NAMES if not re.fullmatch(r"\w+", name, re.ASCII)),
    *("STATES", "in_arena", "rows", "run", "__debug__", "I", "NULL", "int", "class", "x_at", "order"),
    *("output_x", "given_x", "x", "X", "x_after", "x_size"),
)
"""As many as take little time."""
UNPRINTABLE = ("a\nb", "a\rb", "a\\\nb", "\u202eevil", "\u2066evil", "\x1b[31m", "\x00", "\x85", "\u2028", "\ud800", "")
"""Names that graphs refuse; metrics may have them."""
_DIMENSIONS = (*NAMES, "__func__", "v__func__", "int_", "NULL_", "linux_", "__linux")
SYMBOLS = tuple(name for name in _DIMENSIONS if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) and name not in LONG_NAMES)
"""Those that a dimension may have."""


def program(names: tuple[str, ...], model: str, dimensions: tuple[str, ...] = SYMBOLS) -> Program:
    """Return a program that predicts and trains, whose numbers show which array each of them came from.

    Args:
        names: what layers, inputs, outputs, targets, states, weights and metrics are called, one of each.
        model: what the program is called.
        dimensions: what lengths are called that are known at run time.
    """
    dims = {name: dimensions[number % len(dimensions)] for number, name in enumerate(names)}
    states = {name: numpy.full(2, number / len(names), "float32") for number, name in enumerate(names, 1)}
    states |= {LEARNING_RATE: numpy.array(0.01, "float32")}
    states |= {label: numpy.zeros(len(names), "float32") for label in (TOTAL, COUNT)}
    spec = ProgramSpec(
        name=model,
        inputs=tuple(ArraySpec(name, (symbol(dim),), "float32") for name, dim in dims.items()),
        outputs=tuple(ArraySpec(name, (2,), "float32") for name in names),
        targets=tuple(TargetSpec(f"y {name}", (2,), "float32", loss=name, output=name) for name in names),
        metrics=(*UNPRINTABLE, *names)[: len(names)],
        variables=tuple(VariableSpec(name, name, 0, (2,), True) for name in names),
        trains=True,
    )
    return Program(spec, {"predict": lambda: _predict(dims), "train": lambda: _train(dims)}, states, backend="numpy")


def _predict(dims: dict[str, str]) -> Graph:
    graph = Graph("predict")
    for name, value in _forward(graph, dims).items():
        graph.output(name, value)
    return run_passes(graph, [Fuse(), Schedule()])


def _forward(graph: Graph, dims: dict[str, str]) -> dict[str, Value]:
    found = {}
    for name, dim in dims.items():
        x = graph.input(name, TensorType("float32", (symbol("batch"), symbol(dim))))
        weight = graph.state(name, TensorType("float32", (2,)), "parameter")
        with graph.scope(name):
            total = ops.sum(ops.tanh(x * 0.5), 1, True)
            graph.set_name(total, name)
            found[name] = ops.exp(ops.sin(total) * weight)
            graph.set_name(found[name], name)
    return found


def _train(dims: dict[str, str]) -> Graph:
    graph = Graph("train")
    outputs = _forward(graph, dims)
    rate = graph.state(LEARNING_RATE, TensorType("float32"), "hyperparameter")
    losses = []
    for name, output in outputs.items():
        target = graph.input(f"y {name}", TensorType("float32", (symbol("batch"), 2)))
        with graph.scope(name, "loss"):
            error = output - target
            losses.append(ops.sum(ops.square(error), (0, 1)))
        with graph.scope(name, "update"):
            step = ops.sum(error, 0) * rate
            graph.set_name(step, name)
            graph.update(name, graph.states[name] - step)
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    graph.output("loss", total)
    shape = TensorType("float32", (len(outputs),))
    for label, value in ((TOTAL, ops.concatenate([ops.reshape(loss, (1,)) for loss in losses], 0)), (COUNT, None)):
        state = graph.state(label, shape, "metric")
        graph.update(label, state + (1.0 if value is None else value))
    return run_passes(graph, [Fuse(), Schedule()])
