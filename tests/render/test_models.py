"""Pictures of real models and of the graphs they are compiled into."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnc import Input, Model, Sequential, layers
from nnc.errors import ModelError
from nnc.ir import PHASES, Graph
from nnc.models.compiler import Compiler
from nnc.passes import ApplyOptimizer, run_passes, train_pipeline
from nnc.render import layers_diagram, ops_diagram, render, write
from tests.render.test_golden import golden_file


def base_model() -> Sequential:
    return Sequential([Input((2,)), layers.Dense(2, "sigmoid"), layers.Dense(1, "sigmoid")], name="xor")


def train_graph(model: Sequential) -> Graph:
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    compiler = Compiler(model)
    head = model.head(compiler.dtype, weighted=False)
    assert head is not None
    return run_passes(compiler.lower("train", training=True), train_pipeline(head, ApplyOptimizer(model.optimizer)))


@pytest.mark.parametrize("format", ["dot", "mermaid"])
def test_base_network_is_drawn_like_its_stand_in(format: str) -> None:
    assert render(base_model(), format=format) == golden_file("base_layers", format).read_text(encoding="utf-8")


def test_layers_that_merge_and_are_shared() -> None:
    a, b = Input((8,), name="a"), Input((4,), name="b")
    shared = layers.Dense(4, "tanh")
    x, y = shared(layers.Dense(4, "relu")(a)), shared(b)
    joined = layers.Dropout(0.25)(layers.Concatenate()([layers.Add()([x, y]), x]))
    model = Model([a, b], [layers.Dense(3, "softmax")(joined), layers.Reshape((2, 2))(x)], name="branches")
    labels = [[line.text for line in box.lines] for box in layers_diagram(model).nodes]
    assert labels[:2] == [["Input1", "a"], ["Input2", "b"]]
    assert labels[-2:] == [["Output1"], ["Output2"]]
    assert labels.count(["Layer2", "dense_1 · Dense(4) · tanh", "20 parameters · 40 FLOPs"]) == 2
    assert ["Layer5", "dropout · Dropout · rate 0.25"] in labels
    assert ["Layer7", "reshape · Reshape(2×2)"] in labels


def test_model_that_is_not_built() -> None:
    with pytest.raises(ModelError, match="model 'open' is not built"):
        layers_diagram(Sequential([layers.Dense(2)], name="open"))


def test_training_graph_shows_every_phase_and_state(tmp_path: Path) -> None:
    graph = train_graph(base_model())
    diagram = ops_diagram(graph)
    assert diagram.legend == PHASES
    assert not any(box.lines[0].text in {"unpack", "state", "constant"} for box in diagram.nodes)
    write(diagram, tmp_path / "train.svg")
    texts = {"".join(element.itertext()).strip() for element in ElementTree.parse(tmp_path / "train.svg").iter()}
    for label in graph.updates:
        assert f"update @{label}" in texts
    assert {"dense/kernel 2×2", "dense/bias 2", "dense_1/kernel 2×1", "dense_1/bias 1"} <= texts


def test_updates_of_metrics_have_their_colour() -> None:
    kinds = {box.lines[0].text: box.kind for box in ops_diagram(train_graph(base_model())).nodes}
    assert kinds["update @metrics/total"] == "metrics"
    assert kinds["update @parameters"] == "update"
