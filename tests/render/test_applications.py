"""A large network of keras.applications: ResNet-50 fits a page and reads."""

from __future__ import annotations

import re
from typing import Any

import pytest

import nnc
from nnc.readers import read_model
from nnc.render import MemoryPicture, encode, layers_diagram, ops_diagram, steps_diagram, to_text
from tests.render import networks, svg

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def resnet() -> Any:
    from tests.applications.networks import build

    return read_model(build("ResNet50", 64))


def test_resnet_50_fits_a_page_and_reads(resnet: Any) -> None:
    diagram = layers_diagram(resnet)
    assert [box.lines[0].text for box in diagram.nodes] == [
        "Input",
        "Layer1 … Layer6",
        "conv2_block1",
        "conv2_block2 … conv2_block3 ×2",
        "conv3_block1",
        "conv3_block2 … conv3_block4 ×3",
        "conv4_block1",
        "conv4_block2 … conv4_block6 ×5",
        "conv5_block1",
        "conv5_block2 … conv5_block3 ×2",
        "Layer175 … Layer176",
        "Output",
    ]
    picture = encode(diagram, "svg")
    width, height = svg.size(picture)
    assert width <= 640  # two branches side by side that say their strides
    assert height <= 1600  # half the size fits a page of A4
    assert not svg.overlapping(picture)
    assert not svg.outside(picture)
    said = svg.everything_said(picture)
    for call in resnet.calls:
        if call.inputs:
            assert re.search(rf"\b{call.layer.name}\b", said), call.layer.name


def test_the_blocks_say_what_differs(resnet: Any) -> None:
    text = to_text(layers_diagram(resnet))
    for filters in (64, 128, 256, 512):
        assert text.count(f"Conv2D({filters}, 3×3, same) · BatchNormalization · Activation(relu)") == 2
        strides = "" if filters == 64 else ", strides 2"
        assert f"║ Conv2D({4 * filters}, 1×1{strides}) · BatchNormalization\n" in text
    assert text.count("║ identity") == 4


def test_every_layer_can_be_drawn(resnet: Any) -> None:
    diagram = layers_diagram(resnet, expand=["all"])
    assert len(diagram.nodes) == 176 + 2


def test_steps_and_memory_of_resnet_50(resnet: Any) -> None:
    plan = networks.compiled(resnet).plan("predict", 1)
    picture = encode(MemoryPicture(plan), "svg")
    assert not svg.overlapping(picture)
    assert not svg.outside(picture)
    assert svg.size(picture)[0] <= 1100
    assert len(steps_diagram(plan).nodes) > 50


def test_ops_of_resnet_50_fit_3000_points(resnet: Any) -> None:
    diagram = ops_diagram(networks.compiled(resnet).graph("predict"))
    repeated = [group.label for group in diagram.groups]
    assert repeated == [
        "conv2_block2 … conv2_block3 ×2",
        "conv3_block2 … conv3_block4 ×3",
        "conv4_block2 … conv4_block6 ×5",
        "conv5_block2 … conv5_block3 ×2",
    ]
    picture = encode(diagram, "svg")
    assert svg.size(picture)[1] <= 3000
    assert not svg.outside(picture)


def test_ops_of_a_training_step_of_resnet_50_fit_3000_points(resnet: Any) -> None:
    resnet.compile("adam", nnc.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    diagram = ops_diagram(networks.compiled(resnet).graph("train"))
    titles = [box.lines[0].text for box in diagram.nodes]
    assert [title for title in titles if title.endswith(("×3", "×5"))] == [
        "conv3_block2 … conv3_block4 ×3",
        "conv4_block2 … conv4_block6 ×5",
        "conv4_block6 … conv4_block2 ×5",
        "conv3_block4 … conv3_block2 ×3",
    ]
    picture = encode(diagram, "svg")
    assert svg.size(picture)[1] <= 3000
    assert not svg.outside(picture)
    assert not svg.overlapping(picture)
