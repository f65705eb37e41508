"""Models compiled for a page, and pages of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import nnc
from nnc import __version__, layers
from nnc.cli.page import page_subject
from nnc.ir import Graph
from nnc.passes import Pass, PassRecord
from nnc.render.page import Compiled, Stage, Subject, page

BASE = Path(__file__).parents[3] / "examples" / "base.yaml"


def subject_of(model: Any, batch: int = 32) -> Subject:
    """Compile a model as `nnc render` does a file."""
    stages: dict[str, list[Stage]] = {}

    def remember(item: Pass, graph: Graph, record: PassRecord) -> None:
        del record
        stages.setdefault(graph.name, []).append(Stage(item.name, graph))

    program = nnc.compile(model, observe=remember)
    compiled = []
    for name in (["train"] if program.spec.trains else []) + ["predict"]:
        program.graph(name)
        compiled.append(Compiled(name, stages[name], program.plan(name, batch), program.source(name), "NumPy"))
    return Subject(model.name, compiled, model)


@cache
def base_subject() -> Subject:
    return page_subject(BASE)


@cache
def base_page() -> str:
    return page(base_subject(), __version__)


@cache
def recurrent_subject() -> Subject:
    """Layers in layers, loops, a dropout, and a dense head."""
    model = nnc.Sequential(
        [
            nnc.Input((20, 8)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.LSTM(4),
            layers.Dropout(0.5),
            layers.Dense(1, "sigmoid"),
        ],
        name="recurrent",
    )
    model.compile("adam", "binary_crossentropy")
    return subject_of(model)


@cache
def residual_subject() -> Subject:
    """Three equal residual blocks, and a model as a layer."""
    x = inputs = nnc.Input((8,), name="features")
    for _ in range(3):
        x = layers.Add()([x, layers.Dense(8, "relu")(layers.Dense(16, "relu")(x))])
    inner = nnc.Sequential([nnc.Input((8,)), layers.Dense(4, "relu"), layers.Dense(4)], name="head")
    return subject_of(nnc.Model(inputs, inner(x), name="residual"))


HOSTILE = '</script><script>alert("owned")</script> <!-- "quoted" \'n\' & \\ \u2028 <b>größe</b>'
"""A model's name; names of layers have no slash and no line separator."""
HOSTILE_LAYER = '<!--<script>"<b>&amp;\\'


@cache
def hostile_subject() -> Subject:
    from dataclasses import replace

    from nnc.render.page import Definition

    model = nnc.Sequential([nnc.Input((2,)), layers.Dense(2, name=HOSTILE_LAYER), layers.Dense(1)])
    model.compile("sgd", "mse")
    definition = Definition(f"{HOSTILE}.yaml", f"# {HOSTILE}\n")
    return replace(subject_of(model), title=HOSTILE, definition=definition)
