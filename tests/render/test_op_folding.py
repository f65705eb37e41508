"""Ops that come several times in a row are drawn once."""

from __future__ import annotations

import re

import pytest

import nnc
from nnc.errors import ModelError
from nnc.ir import Graph
from nnc.render import Diagram, encode, ops_diagram
from tests.render import networks, svg


def test_blocks_of_a_transformer_are_drawn_once() -> None:
    found = {blocks: ops_diagram(networks.compiled(networks.transformer(blocks)).graph("predict")) for blocks in (4, 9)}
    for blocks, diagram in found.items():
        assert [group.label for group in diagram.groups if "×" in group.label] == [f"Block ×{blocks}"]
    assert len(found[4].nodes) == len(found[9].nodes)
    graph = networks.compiled(networks.transformer(4)).graph("predict")
    assert len(ops_diagram(graph, expand=["all"]).nodes) > 150


def test_what_comes_behind_reads_the_round_that_is_drawn() -> None:
    diagram = ops_diagram(networks.compiled(networks.transformer(3)).graph("predict"))
    inside = {box.key for box in diagram.nodes if box.group}
    assert {arrow.end for arrow in diagram.edges} >= {"output1"}
    reached = {"input1"}
    for arrow in diagram.edges:
        reached |= {arrow.end} if arrow.start in reached else set()
    assert inside <= reached


def test_a_value_that_is_read_behind_its_round_keeps_rounds_apart() -> None:
    x = h = nnc.Input((4,))
    seen = []
    for _ in range(4):
        h = nnc.layers.Dense(4, activation="tanh")(nnc.layers.Dense(4, activation="elu")(h))
        seen.append(h)
    graph = networks.compiled(nnc.Model(x, [h, *seen])).graph("predict")
    assert not any("×" in group.label for group in ops_diagram(graph).groups)
    graph = networks.compiled(nnc.Model(x, h)).graph("predict")
    assert any("×4" in group.label for group in ops_diagram(graph).groups)


def test_a_long_picture_has_ops_in_rows() -> None:
    x = h = nnc.Input((4,))
    for width in range(5, 60):
        h = nnc.layers.Dense(width, activation="tanh")(h)
    graph = networks.compiled(nnc.Model(x, h)).graph("predict")
    diagram = ops_diagram(graph)
    assert len(diagram.nodes) < len(ops_diagram(graph, expand=["all"]).nodes) / 4
    assert svg.size(encode(diagram, "svg"))[1] <= 3000
    lines = [line.text for box in diagram.nodes for line in box.lines]
    assert sum("dense" in line for line in lines) >= 55


def train_graph(blocks: int) -> Graph:
    return networks.compiled(networks.residual(blocks)).graph("train")


def counted_ops(diagram: Diagram) -> int:
    """Return how many ops the boxes of layers say that they have, those of all rounds together."""
    labels = {box.key: box.lines[0].text for box in diagram.nodes} | {
        group.key: group.label for group in diagram.groups
    }
    count = 0
    for box in diagram.nodes:
        said = re.match(r"(?:each: )?(\d+) ops?", box.lines[1].text) if len(box.lines) > 1 else None
        times = re.search(r"×(\d+)$", labels[box.group or box.key])
        count += int(said[1]) * (int(times[1]) if times else 1) if said else 0
    return count


@pytest.mark.slow
def test_both_passes_of_a_training_graph_are_drawn_once() -> None:
    graphs = {blocks: train_graph(blocks) for blocks in (3, 7)}
    diagrams = {blocks: ops_diagram(graph) for blocks, graph in graphs.items()}
    for blocks, diagram in diagrams.items():
        labels = [f"block1 … block{blocks} ×{blocks}", f"block{blocks} … block1 ×{blocks}"]
        assert [group.label for group in diagram.groups] == labels
        alone = ops_diagram(graphs[blocks], expand=["all"])
        ops = [box for box in alone.nodes if box.key.startswith("op") and box.lines[0].text != "size"]
        assert counted_ops(diagram) == len(ops) > 150
        (statistics,) = [box for box in diagram.nodes if box.lines[0].text == "block1_conv1 … block1_relu1"]
        assert statistics.lines[1].text.endswith("updates @block1_norm1/moving_mean, @block1_norm1/moving_variance")
    assert len(diagrams[3].nodes) == len(diagrams[7].nodes) < 20
    picture = encode(diagrams[7], "svg")
    assert svg.size(picture)[1] <= 1000
    assert not svg.outside(picture)


def test_rounds_that_read_one_mask_and_draw_their_own_numbers_are_equal() -> None:
    x = nnc.Input((6,), dtype="int32")
    h = nnc.layers.Embedding(9, 8, mask_zero=True)(x)
    for _ in range(5):
        a = nnc.layers.Dropout(0.1)(nnc.layers.MultiHeadAttention(2, 4)(h, h))
        h = nnc.layers.LayerNormalization()(nnc.layers.Add()([h, a]))
    model = nnc.Model(x, h)
    model.compile("sgd", "mse")
    diagram = ops_diagram(networks.compiled(model).graph("train"))
    repeated = {group.kind: group.label for group in diagram.groups}
    assert set(repeated) == {"forward", "backward"}
    assert all(re.search("×[345]$", label) for label in repeated.values())


def test_what_is_expanded_is_drawn_op_by_op() -> None:
    graph = train_graph(5)
    alone = {box.key: box.lines for box in ops_diagram(graph, expand=["all"]).nodes}
    of_block2 = {f"op{node.index}" for node in graph.nodes if node.path.startswith("block2_")} & set(alone)
    assert len(of_block2) > 30
    opened = ops_diagram(graph, expand=["block2"])
    assert {box.key: box.lines for box in opened.nodes if box.key in of_block2} == {
        key: alone[key] for key in of_block2
    }
    assert len(opened.nodes) < len(alone) - 50
    with pytest.raises(
        ModelError, match="no model, block or layer 'blok2_add' to expand; 'all' draws every op by itself"
    ):
        ops_diagram(graph, expand=["blok2_add"])


@pytest.mark.slow
def test_a_network_without_repetition_is_grouped_by_layer() -> None:
    x = h = nnc.Input((8,))
    for width in range(9, 40):
        h = nnc.layers.LayerNormalization()(nnc.layers.Dense(width, activation="tanh")(h))
    model = nnc.Model(x, h)
    model.compile("sgd", "mse")
    graph = networks.compiled(model).graph("train")
    diagram = ops_diagram(graph)
    assert len(ops_diagram(graph, expand=["all"]).nodes) > 500
    assert svg.size(encode(diagram, "svg"))[1] <= 3000
    assert len(diagram.nodes) < 40
    for layer in range(1, 31):
        boxes = [box.kind for box in diagram.nodes if f"%dense_{layer}/kernel" in box.tooltip]
        assert boxes == ["forward", "backward"]
