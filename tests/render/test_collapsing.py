"""Pictures of layers that repeat or nest: what is one box, what opens it, and that no name is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError
from nnc.render import Arrow, Box, Branches, Diagram, Line, encode, layers_diagram, render
from nnc.render.heights import estimated_height
from nnc.render.layer_diagram import Detail, LayerDrawing
from nnc.render.layer_figures import Figures
from nnc.render.layer_picture import PAGE_HEIGHT
from nnc.render.outline import Outline
from tests.render import networks, samples, svg

NETWORKS = [
    networks.base,
    networks.residual,
    networks.lstm,
    networks.nested,
    networks.transformer,
    samples.branching_model,
]


def find(diagram: Diagram, start: str) -> Box:
    (box,) = [box for box in diagram.nodes if box.lines[0].text.startswith(start)]
    return box


def texts(box: Box) -> list[str]:
    return [line.text for line in (*box.lines, *box.inner_lines())]


def names(model: Any, prefix: str = "") -> Iterator[str]:
    for call in model.calls:
        if call.inputs:
            yield prefix + call.layer.name
            if hasattr(call.layer, "calls"):
                yield from names(call.layer, f"{prefix}{call.layer.name}/")


def test_a_repeated_block_is_one_box_that_says_what_is_inside() -> None:
    diagram = layers_diagram(networks.residual())
    box = find(diagram, "block1 … block3 ×3")
    assert box.lines == (
        Line("block1 … block3 ×3", "title"),
        Line("Layer2 … Layer22 · 7 layers each · 3,696 parameters · 456 kFLOPs", "detail"),
    )
    assert box.content == (
        Branches(
            ((), ("Conv2D(8, 3×3, same) · BatchNormalization · ReLU", "Conv2D(8, 3×3, same) · BatchNormalization"))
        ),
        Line("Add · ReLU"),
    )
    assert [(arrow.start, arrow.label) for arrow in diagram.edges if arrow.end == box.key] == [
        ("layer1", "batch×8×8×8")
    ]
    assert len([arrow for arrow in diagram.edges if arrow.start == box.key]) == 2


def test_figures_of_a_box_are_sums_of_its_layers() -> None:
    model = networks.residual()
    inside = [call for call in model.calls if call.layer.name.startswith("block")]
    box = find(layers_diagram(model), "block1")
    assert f"{sum(call.layer.count_params() for call in inside):,} parameters" in texts(box)[1]
    assert f"{sum(call.flops() for call in inside) / 1000:.3g} kFLOPs" in texts(box)[1]


def test_an_opened_block_is_a_frame_around_its_first_round() -> None:
    diagram = layers_diagram(networks.residual(), depth=1)
    (group,) = diagram.groups
    assert (group.label, group.note) == ("block1 … block3 ×3", "Layer2 … Layer22")
    inside = [box for box in diagram.nodes if box.group == group.key]
    assert [texts(box)[1].partition(" ")[0] for box in inside] == [
        *("block1_conv1", "block1_norm1", "block1_relu1", "block1_conv2", "block1_norm2", "block1_add", "block1_relu2")
    ]
    leaving = {arrow.start for arrow in diagram.edges if arrow.end in (find(diagram, "Layer23").key, "layer10")}
    assert leaving == {inside[-1].key}
    assert "block3_relu2" in group.tooltip


def test_everything_can_be_drawn() -> None:
    model = networks.transformer()
    diagram = layers_diagram(model, expand=["all"])
    assert not diagram.groups
    assert len(diagram.nodes) == len([call for call in model.calls if call.inputs]) + 2
    nested = layers_diagram(networks.nested(), expand=["all"])
    assert [group.label for group in nested.groups] == ["encoder", "inner", "decoder"]
    assert nested.groups[1].parent == nested.groups[0].key


def test_a_model_is_one_box_and_opens_into_a_frame() -> None:
    closed = layers_diagram(networks.nested())
    assert texts(find(closed, "Layer1")) == [
        "Layer1",
        "encoder · Sequential of 2 layers",
        "172 parameters · 344 FLOPs",
        "Dense(8, relu)",
        "inner · Sequential of 1 layer",
    ]
    opened = layers_diagram(networks.nested(), depth=1)
    assert [(group.label, group.note) for group in opened.groups] == [
        ("encoder", "Sequential"),
        ("decoder", "Sequential"),
    ]
    titles = [box.lines[0].text for box in opened.nodes]
    assert titles == ["Input", "Layer1.1", "Layer1.2", "Layer2.1", "Layer2.2", "Output"]
    keys = {title: box.key for title, box in zip(titles, opened.nodes, strict=True)}
    assert Arrow(keys["Layer1.2"], keys["Layer2.1"], "batch×4") in opened.edges


@pytest.mark.parametrize(
    ("expand", "groups"),
    [
        (["decoder"], ["decoder"]),
        (["encoder/inner"], ["encoder", "inner"]),
        (["encoder/inner/dense"], ["encoder", "inner"]),
        (["encoder", "decoder"], ["encoder", "decoder"]),
    ],
)
def test_what_has_a_name_can_be_expanded(expand: list[str], groups: list[str]) -> None:
    assert [group.label for group in layers_diagram(networks.nested(), expand=expand).groups] == groups


def test_a_block_is_expanded_by_its_name_or_a_layer_in_it() -> None:
    for name in ("block1", "block3", "block2_conv1"):
        (group,) = layers_diagram(networks.residual(), expand=[name]).groups
        assert group.label == "block1 … block3 ×3"


def test_an_unknown_name_is_an_error() -> None:
    message = "model 'residual' has no model, block or layer 'blok1_add' to expand; 'all' draws every layer by itself."
    with pytest.raises(ModelError, match=re.escape(f"{message} Did you mean 'block1_add'?")):
        layers_diagram(networks.residual(), expand=["blok1_add"])


def test_shared_weights_are_said_and_counted_once() -> None:
    x = h = nnc.Input((8,))
    shared = layers.Dense(8, name="shared")
    for _ in range(3):
        h = shared(h)
    box = find(layers_diagram(nnc.Model(x, h)), "shared ×3")
    assert texts(box) == ["shared ×3", "Layer1 · 72 parameters · 408 FLOPs · same weights", "Dense(8)"]


def long_chain(blocks: int) -> nnc.Model:
    """Blocks that all differ, with layers between them."""
    x = h = nnc.Input((8,), name="x")
    for number in range(blocks):
        h = layers.Dense(8, activation="relu", name=f"part{number}_first")(h)
        h = layers.Dropout(0.01 * number, name=f"part{number}_drop")(h)
        y = layers.Dense(10 + number, name=f"part{number}_wide")(h)
        h = layers.Add(name=f"part{number}_add")([h, layers.Dense(8, name=f"part{number}_back")(y)])
    return nnc.Model(x, h, name="long")


def test_more_is_put_into_one_box_where_a_page_is_too_short() -> None:
    sizes = [len(layers_diagram(long_chain(blocks)).nodes) for blocks in (2, 6, 20)]
    assert sizes[0] == 2 + 2 * 5  # every layer
    assert sizes[1] < 2 + 6 * 5
    assert sizes[2] <= 2 + 20 * 2  # a box for what leads to a block, and one for the block
    block = find(layers_diagram(long_chain(20)), "part7")
    assert [line for line in texts(block) if "Dense" in line] != []


@pytest.mark.slow
def test_a_page_is_filled_before_more_is_put_into_one_box() -> None:
    heights = [estimated_height(layers_diagram(long_chain(blocks))) for blocks in range(1, 12)]
    assert max(heights[:4]) <= PAGE_HEIGHT


def test_layers_of_a_tangle_are_not_put_into_boxes_of_others() -> None:
    x = nnc.Input((4,))
    a, b = layers.Dense(4, name="a")(x), layers.Dense(4, name="b")(x)
    c, d = layers.ReLU(name="c")(a), layers.ReLU(name="d")(b)
    model = nnc.Model(x, layers.Add()([layers.Add()([c, d]), layers.Multiply()([c, d])]))
    diagram = LayerDrawing(Figures(model, Outline(model)), Detail(0, frozenset(), True, True, True)).diagram()
    keys = {box.lines[1].text.partition(" ")[0]: box.key for box in diagram.nodes if len(box.lines) > 1}
    assert {(arrow.start, arrow.end) for arrow in diagram.edges} >= {(keys["a"], keys["c"]), (keys["b"], keys["d"])}


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("options", [{}, {"depth": 1}, {"expand": ["all"]}], ids=["closed", "opened", "all"])
def test_svg_is_xml_has_every_layers_name_and_no_text_on_another(
    make: Callable[[], Any], options: dict[str, Any]
) -> None:
    model = make()
    picture = encode(layers_diagram(model, **options), "svg")
    said = svg.everything_said(picture)
    for name in names(model):
        assert re.search(rf"(^|\W){re.escape(name.rpartition('/')[2])}($|\W)", said, re.MULTILINE), name
    assert not svg.overlapping(picture)
    assert not svg.outside(picture)


def test_a_hostile_name_in_a_box_of_several_layers() -> None:
    x = h = nnc.Input((4,))
    hostile = ('"<&>\\N', "<b>|{}`", "two ]]> --> %")
    for name in hostile:
        h = layers.Dense(4, name=name)(h)
    model = nnc.Model(x, h, name="<svg>")
    diagram = layers_diagram(model)
    assert find(diagram, '"<&>').lines[0].text.endswith("×3")
    tooltip = f"3 layers: {', '.join(hostile)}".replace("\\", "⧵")
    assert tooltip in svg.everything_said(encode(diagram, "svg")).splitlines()
    assert all(name in render(model, format="txt", expand=["all"]) for name in hostile)
    assert "<b>|{}`" not in render(model, format="mermaid", expand=["all"])
