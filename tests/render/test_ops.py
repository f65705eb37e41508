from __future__ import annotations

from nnc.ir import Graph
from nnc.ir.ops import Fusion, Unpack, reshape, sigmoid
from nnc.render import Arrow, Box, Diagram, ops_diagram
from tests.render import samples
from tests.render.samples import BATCH, f32


def lines(box: Box) -> list[str]:
    return [line.text for line in box.lines]


def find(diagram: Diagram, title: str) -> Box:
    (box,) = [box for box in diagram.nodes if box.lines[0].text == title]
    return box


def test_forward_graph() -> None:
    diagram = ops_diagram(samples.forward_graph())
    assert [lines(box) for box in diagram.nodes] == [
        ["x"],
        ["dense_sigmoid", "matmul · add · sigmoid", "dense/kernel 2×2", "dense/bias 2"],
        ["dense_sigmoid", "matmul · add · sigmoid", "dense_1/kernel 2×1", "dense_1/bias 1"],
        ["y"],
    ]
    first, second = (box.key for box in diagram.nodes[1:3])
    assert diagram.edges == (
        Arrow("input1", first, "batch×2"),
        Arrow(first, second, "batch×2"),
        Arrow(second, "output1", "batch×1"),
    )
    assert [group.label for group in diagram.groups] == ["dense", "dense_1"]
    assert diagram.legend == ()


def test_state_and_constants_have_no_boxes() -> None:
    graph = samples.train_graph()
    diagram = ops_diagram(graph)
    computed = [node for node in graph.nodes if not node.is_leaf and node.op.name != "unpack"]
    assert len(diagram.nodes) == len(computed) + len(graph.inputs) + len(graph.outputs) + len(graph.updates)
    assert lines(find(diagram, "update @parameters")) == ["update @parameters"]
    assert ["subtract", "@parameters 9"] in map(lines, diagram.nodes)
    assert ["multiply", "@learning_rate"] in map(lines, diagram.nodes)


def test_every_operand_is_an_arrow_or_a_text() -> None:
    graph = samples.train_graph()
    diagram = ops_diagram(graph)
    drawn = {box.key for box in diagram.nodes}
    for node in graph.nodes:
        for operand in node.operands:
            start, end = f"op{operand.index}", f"op{node.index}"
            if start in drawn and end in drawn:
                assert [arrow for arrow in diagram.edges if (arrow.start, arrow.end) == (start, end)]


def test_phases_have_their_colours_and_a_legend() -> None:
    diagram = ops_diagram(samples.train_graph())
    assert diagram.legend == ("forward", "loss", "backward", "update")
    assert find(diagram, "pack").kind == "update"
    assert find(diagram, "square").kind == "loss"
    assert find(diagram, "loss").kind == "output"


def test_groups_of_a_layer_are_one_per_phase() -> None:
    diagram = ops_diagram(samples.train_graph())
    assert [(group.label, group.note) for group in diagram.groups] == [
        ("dense", ""),
        ("dense_1", ""),
        ("mean_squared_error", "loss"),
        ("mean_squared_error", "backward"),
        ("dense_1", "backward"),
        ("dense", "backward"),
    ]


def test_nested_layers_are_nested_frames() -> None:
    diagram = ops_diagram(samples.nested_graph())
    found = {group.label: group for group in diagram.groups}
    assert list(found) == ["encoder", "first", "second", "head"]
    assert found["first"].parent == found["second"].parent == found["encoder"].key
    assert found["head"].parent == found["encoder"].parent == ""


def test_a_path_with_one_layer_inside_is_one_frame() -> None:
    graph = Graph("g")
    x = graph.input("x", f32(BATCH))
    with graph.scope(path="outer/inner"):
        graph.output("y", sigmoid(x))
    assert [group.label for group in ops_diagram(graph).groups] == ["outer/inner"]


def test_constants_stand_where_they_are_read() -> None:
    labels = [lines(box) for box in ops_diagram(samples.nested_graph()).nodes]
    assert ["subtract(1.0, ·)"] in labels
    assert ["multiply", "constant 4"] in labels
    assert ["add", "constant 4 of 0.5"] in labels
    assert ["sum", "axes=[1], keepdims=true"] in labels


def test_operand_read_twice_is_one_arrow() -> None:
    diagram = ops_diagram(samples.nested_graph())
    assert diagram.edges[0].label == "batch×4, twice"


def test_few_kept_values_are_dashed_arrows() -> None:
    diagram = ops_diagram(samples.train_graph())
    kept = [arrow for arrow in diagram.edges if arrow.is_kept]
    assert len(kept) == 6
    kinds = {box.key: box.kind for box in diagram.nodes}
    assert {kinds[arrow.end] for arrow in kept} == {"backward"}
    assert {kinds[arrow.start] for arrow in kept} == {"input", "forward"}


def test_many_kept_values_are_written_by_name() -> None:
    diagram = ops_diagram(samples.train_graph(), kept_arrows=5)
    assert not any(arrow.is_kept for arrow in diagram.edges)
    labels = [lines(box) for box in diagram.nodes]
    assert ["subtract(1.0, ·)", "%dense_1 batch×1"] in labels
    assert ["transpose", "axes=[1, 0]", "%x batch×2"] in labels
    assert [label[-1] for label in labels if label[0] == "dense_sigmoid"] == ["kept as %dense", "kept as %dense_1"]


def test_long_body_is_broken_into_lines_and_cut() -> None:
    body = Graph("body")
    y = x = body.input("x", f32(BATCH))
    for _ in range(40):
        y = sigmoid(y)
    body.output("y", y)
    graph = Graph("g")
    graph.output("y", graph.add(Fusion("chain", body), graph.input("x", x.type))[0])
    found = lines(find(ops_diagram(graph), "chain"))
    assert found[1] == "sigmoid · sigmoid · sigmoid · sigmoid ·"
    assert found[-1] == "… and 28 more"
    assert len(found) == 5


def test_outputs_and_updates_of_state_itself_are_written() -> None:
    graph = Graph("g")
    count = graph.state("count", f32(), "counter")
    graph.output("count", count)
    graph.update("count", graph.constant(0.0, "float32"))
    diagram = ops_diagram(graph)
    assert [lines(box) for box in diagram.nodes] == [["count", "@count"], ["update @count", "0.0"]]
    assert diagram.edges == ()


def test_parts_of_a_state_are_written_by_name() -> None:
    graph = Graph("g")
    x = graph.input("x", f32(2, 2))
    slab = graph.state("slab", f32(6), "parameter")
    named, unnamed = graph.add(Unpack(((2, 2), (2,))), slab, names=("kernel",))
    alone = reshape(graph.state("alone", f32(2), "parameter"), (1, 2))
    for number, value in enumerate((named, unnamed, alone)):
        graph.output(f"y{number}", x + value)
    labels = [lines(box) for box in ops_diagram(graph).nodes]
    assert labels[1:4] == [["add", "kernel 2×2"], ["add", "@slab[1] 2"], ["add", "@alone 1×2"]]


def test_reshape_of_a_value_is_a_box() -> None:
    graph = Graph("g")
    x = graph.input("x", f32(2, 2))
    graph.output("y", reshape(x, (4,)) + reshape(graph.constant([[1.0, 2.0]] * 2, "float32"), (4,)))
    assert [lines(box)[0] for box in ops_diagram(graph).nodes] == ["x", "reshape", "reshape", "add", "y"]


def test_element_types_other_than_float32_are_said() -> None:
    graph = Graph("g")
    x = graph.input("x", f32(BATCH, 2).with_dtype("float64"))
    graph.output("y", x)
    assert ops_diagram(graph).edges == (Arrow("input1", "output1", "batch×2 f64"),)


def test_tooltip_is_the_line_of_the_text_form() -> None:
    box = ops_diagram(samples.forward_graph()).nodes[1]
    assert box.tooltip.startswith("%dense = fusion.dense_sigmoid(%x, %dense/kernel, %dense/bias) : f32[batch,2]")
