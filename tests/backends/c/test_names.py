"""Names that users give mean nothing else in a unit: they neither end comments nor are taken for words of C."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from itertools import count

import numpy
import pytest

import nnc
from nnc.backends.c.backend import CBackend
from nnc.backends.c.expressions import operand
from nnc.backends.c.headers import function_names
from nnc.backends.c.kernels import Unit
from nnc.backends.c.regions import APART
from nnc.backends.c.source import print_source
from nnc.backends.c.target import TARGET
from nnc.backends.c.text import comment, identifier, symbol_text
from nnc.backends.c.toolchain import find_compiler
from nnc.export.c_unit import STANDARD
from nnc.ir import Graph, TensorType, symbol
from nnc.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Embedding,
    Flatten,
    LayerNormalization,
    MultiHeadAttention,
)
from nnc.passes import Decompose, lower, run_passes
from tests.ir.ops.cases import BATCH, BINDINGS, CASES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*/y", "/* x* /y */"),
        ("/*/", "/* / * / */"),
        ("*/*/", "/* * / * / */"),
        ("a\nb\rc", "/* a b c */"),
        ("/", "/* / */"),
        ("a\\", "/* a\\ */"),
        ("*??/", "/* *? ?/ */"),
        ("é\u202e*/", "/* \\xe9\\u202e* / */"),
    ],
)
def test_comments_have_one_end(text: str, expected: str) -> None:
    assert comment(text) == expected
    assert expected.index("*/") == len(expected) - 2
    assert expected.rindex("/*") == 0


def test_a_name_that_would_end_a_comment() -> None:
    layers = [nnc.Input((3,)), Dense(4, name="end*"), BatchNormalization(name="*"), Dense(2)]
    model = nnc.Sequential(layers, name="int")
    model.compile("adam", "mse")
    x, y = numpy.random.default_rng(0).normal(size=(2, 8, 3)).astype("float32")
    program = nnc.compile(model, backend="c")
    found = program.predict(x)
    program.use_backend("numpy")
    numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-6)
    program.use_backend("c")
    assert program.train_step(x, y[:, :2]) > 0


def test_names_that_sums_use() -> None:
    x, y = numpy.random.default_rng(0).normal(size=(2, 300, 3)).astype("float32")
    losses = []
    for backend in ("c", "numpy"):
        nnc.utils.set_random_seed(0)
        model = nnc.Sequential([nnc.Input((3,), name="first"), Dense(3, name="end"), Dense(3, name="part_0")])
        model.compile("sgd", "mse")
        program = nnc.compile(model, backend=backend)
        losses.append([program.train_step(x, y) for _ in range(3)])
        if backend == "c":
            assert {"end_", "part_0_"} <= set(re.findall(r"\w+", program.source("train")))
    numpy.testing.assert_allclose(*losses, rtol=1e-5)


def test_a_name_that_kernels_use() -> None:
    model = nnc.Sequential([nnc.Input((300,)), Dense(300, name="members"), Dense(300, name="blocks")])
    x = numpy.random.default_rng(0).normal(size=(4, 300)).astype("float32")
    program = nnc.compile(model, backend="c")
    assert "const int members = nnc_members(" in program.source("predict")
    found = program.predict(x)
    program.use_backend("numpy")
    numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-5)


# ---------------------------------------------------------------------- what units call things themselves

_ASIDE = re.compile(
    r"/\*.*?\*/|^#[^\n]*|^typedef struct.*?^}[^\n]*|^void nnc_\w+_epochs\(.*?^}", re.DOTALL | re.MULTILINE
)
"""What no name of a value stands in."""
_WORD = re.compile(r"(?<![\w.>])[A-Za-z_]\w*")


def attention() -> nnc.Model:
    x = nnc.Input((6, 8))
    model = nnc.Model(x, Dense(1, "sigmoid")(Flatten()(LayerNormalization()(MultiHeadAttention(2, 4)(x, x)))))
    model.compile("adamw", "binary_crossentropy", metrics=["accuracy", "AUC"])
    return model


def recurrent() -> nnc.Model:
    model = nnc.Sequential([nnc.Input((None,), dtype="int32"), Embedding(9, 8), LSTM(12), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def convolutional() -> nnc.Model:
    layers = [Conv2D(8, 3, strides=2), BatchNormalization(), Conv2D(16, 3, activation="gelu")]
    layers += [Conv2D(filters, 3, padding="same") for filters in (16, 260)]  # by Winograd's algorithm
    layers += [DepthwiseConv2D(3), Flatten(), Dense(600)]
    model = nnc.Sequential([nnc.Input((14, 14, 3)), *layers])
    model.compile(nnc.optimizers.SGD(0.1, momentum=0.9, use_ema=True), "mae")
    return model


def graphs() -> Iterator[Graph]:
    """Yield graphs with every op, and whole networks."""
    for case in CASES:
        graph = Graph("predict")
        graph.input("batch", TensorType("bool", (BATCH,)))
        operands = [graph.input(f"x{number}", domain.type) for number, domain in enumerate(case.operands)]
        for number, value in enumerate(graph.add(case.op, *operands)):
            graph.output(f"y{number}", value)
        yield run_passes(graph, [Decompose(keep=frozenset({"sparsemax"}))])
    for make in (attention, recurrent, convolutional):
        program = make().program
        yield from map(program.graph, ("predict", "train"))


@pytest.mark.slow
def test_no_value_is_called_like_what_units_call_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """All names that units take for values are replaced; no word that is left may be the name of a value."""
    numbers = count()
    monkeypatch.setattr(Unit, "name", lambda unit, text: f"given{next(numbers)}")
    words: set[str] = set()
    for graph in graphs():
        text = print_source(CBackend().plan(lower(graph, TARGET), BINDINGS | dict.fromkeys(graph.symbols, 9))).text
        body = text[re.search(rf"^(static |{APART} )?void nnc_(predict|train)", text, re.MULTILINE).start() :]
        words.update(_WORD.findall(_ASIDE.sub(" ", body)))
    symbols = {"batch", "time_"}
    own = {re.sub(r"given\d+", "first_row", word) for word in words if not re.fullmatch(r"given\d+", word)} - symbols
    assert {word for word in own if identifier(word, ()) == word} == set()
    assert {"int64_t", "sources", "taps", "first_row_count"} <= own  # it has seen types, functions, kernels and loops


def macros_of(*headers: str) -> set[str]:
    """Return the macros without arguments that a compiler and its headers define."""
    compiler = find_compiler()
    assert compiler is not None
    text = "".join(f"#include <{header}.h>\n" for header in headers)
    command = [*compiler.command, "-std=gnu99", "-dM", "-E", "-x", "c", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return set(re.findall(r"^#define ([A-Za-z]\w*) ", done.stdout, re.MULTILINE))


@pytest.mark.usefixtures("compiler")
def test_no_value_is_called_like_a_macro() -> None:
    headers = ("float", "math", "stdbool", "stddef", "stdint", "string")
    macros = macros_of(*headers)
    assert {"NULL", "INT64_MAX", "M_PI"} <= macros
    assert {name for name in macros if identifier(name, ()) == name or symbol_text(name) == name} == set()
    assert {
        name for name in macros if re.fullmatch("[A-Z0-9]+_[A-Z0-9_]+", name) and not STANDARD.fullmatch(name)
    } == set()


def test_dimensions_have_names_of_their_own() -> None:
    symbols = (
        "x",
        "x_",
        "_x",
        "__x",
        "v_x",
        "vv_x",
        "int",
        "int_",
        "NULL",
        "NULL_",
        "_NULL",
        "nnc_band",
        "_at",
        "v_at",
    )
    names = [symbol_text(name) for name in symbols]
    assert len(set(names)) == len(symbols)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in names)
    assert operand(symbol("batch")).text == "batch"


@pytest.mark.parametrize("name", ["exp_f32", "mark", "epochs", "run", "begin_team", "predict"])
def test_graphs_are_called_like_no_function(name: str) -> None:
    graph = Graph(name)
    graph.output("y", graph.input("x", TensorType("float32", (symbol("batch"),))) * 2.0)
    found = print_source(CBackend().plan(lower(graph, TARGET), {"batch": 4})).name
    assert (found == f"nnc_{name}") == (name == "predict")
    assert found not in function_names()
