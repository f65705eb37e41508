"""Large graphs to see whether a page stays quick: many layers, and many ops in no layer at all."""

from __future__ import annotations

from operator import add
from operator import mul as multiply

import numpy

import nnc
from nnc.backends.numpy import TARGET, print_source
from nnc.ir import Graph, TensorType, Value
from nnc.ir.ops import exp, sigmoid, tanh
from nnc.passes import Pass, PassRecord, lower
from nnc.plan import make_plan
from nnc.render.page import Compiled, Stage, Subject

BATCH = 32
OPS = (add, multiply, tanh, sigmoid, exp)
"""What graphs without layers are made of, those of two operands first."""


def deep_subject(layers: int) -> Subject:
    """Return a network of so many layers, compiled for training; no two layers in a row are the same.

    With 190 layers the graph has more than 5,000 nodes after the pass `differentiate`.
    """
    units = numpy.random.default_rng(0).integers(4, 64, layers)
    kinds = [nnc.layers.Dense(int(count), "relu", name=f"dense_{index}") for index, count in enumerate(units)]
    kinds[1::2] = [nnc.layers.LayerNormalization(name=f"norm_{index}") for index in range(1, layers, 2)]
    model = nnc.Sequential([nnc.Input((16,)), *kinds, nnc.layers.Dense(1)], name="deep")
    model.compile("sgd", "mse")
    stages: list[Stage] = []

    def remember(item: Pass, graph: Graph, record: PassRecord) -> None:
        del record
        stages.append(Stage(item.name, graph))

    program = nnc.compile(model, observe=remember)
    program.graph("train")
    compiled = Compiled("train", stages, program.plan("train", BATCH), program.source("train"), "NumPy")
    return Subject("deep", [compiled], model)


def flat_subject(nodes: int) -> Subject:
    """Return a graph of so many ops that belong to no layer, each reading what random others have made."""
    random = numpy.random.default_rng(0)
    graph = Graph("flat")
    values: list[Value] = [graph.input("x", TensorType("float32", (BATCH, 8)))]
    for _ in range(nodes):
        first, second = (values[-1 - int(random.integers(min(40, len(values))))] for _ in range(2))
        kind = int(random.integers(5))
        values.append(OPS[kind](first, second) if kind < 2 else OPS[kind](first))
    graph.output("y", values[-1])
    plan = make_plan(lower(graph, TARGET), {}, TARGET)
    return Subject("flat", [Compiled("flat", [Stage("made", graph)], plan, print_source(plan).text, "NumPy")])
