"""Ops that come several times in a row are drawn once."""

from __future__ import annotations

import nnc
from nnc.render import encode, ops_diagram
from tests.render import networks, svg


def test_blocks_of_a_transformer_are_drawn_once() -> None:
    found = {blocks: ops_diagram(networks.compiled(networks.transformer(blocks)).graph("predict")) for blocks in (4, 9)}
    for blocks, diagram in found.items():
        assert [group.label for group in diagram.groups if "×" in group.label] == [f"Block ×{blocks}"]
    assert len(found[4].nodes) == len(found[9].nodes)
    graph = networks.compiled(networks.transformer(4)).graph("predict")
    assert len(ops_diagram(graph, folds=False).nodes) > 150


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
    assert len(diagram.nodes) < len(ops_diagram(graph, folds=False).nodes) / 4
    assert svg.size(encode(diagram, "svg"))[1] <= 3000
    lines = [line.text for box in diagram.nodes for line in box.lines]
    assert sum("dense" in line for line in lines) >= 55
