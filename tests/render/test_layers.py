from __future__ import annotations

import pytest

import nnc
from nnc.errors import ModelError
from nnc.render import Arrow, Box, Diagram, layers_diagram
from tests.render import samples
from tests.render.samples import Dense, FakeCall, FakeLayer, FakeModel, FakeTensor, f32


def lines(box: Box) -> list[str]:
    return [line.text for line in box.lines]


def labels(diagram: Diagram) -> list[list[str]]:
    return [lines(box) for box in diagram.nodes]


def test_base_network_reads_from_input_to_output() -> None:
    diagram = layers_diagram(samples.base_model())
    assert diagram.title == "xor · 9 parameters · 18 FLOPs per row"
    assert labels(diagram) == [
        ["Input"],
        ["Layer1", "dense · Dense(2) · sigmoid", "6 parameters · 12 FLOPs"],
        ["Layer2", "dense_1 · Dense(1) · sigmoid", "3 parameters · 6 FLOPs"],
        ["Output"],
    ]
    assert diagram.edges == (
        Arrow("input1", "layer1", "batch×2"),
        Arrow("layer1", "layer2", "batch×2"),
        Arrow("layer2", "output1", "batch×1"),
    )


def test_shared_layer_keeps_its_number_and_counts_once() -> None:
    diagram = layers_diagram(samples.branching_model())
    shared = [box for box in diagram.nodes if "shared · Dense(64) · tanh" in lines(box)]
    assert [lines(box)[0] for box in shared] == ["Layer4", "Layer4"]
    assert len({box.key for box in shared}) == 2
    # 320 + 21632·64 + 64 + 4160 + 128·10 + 10 + 128 + 1 parameters; 2 operations per weight of what costs anything here
    assert diagram.title == "branches · 1,390,411 parameters · 2.77 MFLOPs per row"


def test_several_inputs_and_outputs_are_numbered_and_named() -> None:
    found = labels(layers_diagram(samples.branching_model()))
    assert ["Input1", "image"] in found and ["Input2", "words"] in found
    assert ["Output1"] in found and ["Output2"] in found


def test_tensor_read_twice_is_one_arrow() -> None:
    diagram = layers_diagram(samples.branching_model())
    assert [arrow.label for arrow in diagram.edges if "twice" in arrow.label] == ["batch×64, twice"]
    assert len({(arrow.start, arrow.end) for arrow in diagram.edges}) == len(diagram.edges)


def test_layers_without_parameters_look_plain() -> None:
    kinds = {lines(box)[0]: box.kind for box in layers_diagram(samples.branching_model()).nodes}
    assert kinds["Layer1"] == "layer"
    assert kinds["Layer2"] == "plain"


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Dense("d", 1, 1, ""), ["Layer1", "d · Dense(1)", "1 parameter"]),
        (samples.Conv2D("c", 10, 1, (3, 5), "same"), ["Layer1", "c · Conv2D(1, 3×5) · same", "10 parameters"]),
        (FakeLayer("flatten"), ["Layer1", "flatten · FakeLayer"]),
        (FakeLayer(" "), ["Layer1", "FakeLayer"]),
        (Dense("n" * 40, 3, 1, "relu"), ["Layer1", "n" * 40, "Dense(1) · relu", "3 parameters"]),
        (FakeLayer("a" * 50 + "b" * 50), ["Layer1", "a" * 22 + "…" + "b" * 21, "FakeLayer"]),
    ],
)
def test_lines_of_a_layer(layer: FakeLayer, expected: list[str]) -> None:
    model = FakeModel("m")
    model.outputs = (model.call(layer, (model.input("x", 2),), (1,)),)
    assert lines(layers_diagram(model).nodes[1]) == expected


def test_input_without_a_call_is_drawn() -> None:
    x, y = FakeTensor(f32(2)), FakeTensor(f32(3))
    model = FakeModel("m", [FakeCall(FakeLayer("layer"), (x,), (y,))], (x,), (y,))
    assert labels(layers_diagram(model)) == [["Input"], ["Layer1", "layer · FakeLayer"], ["Output"]]


def test_tensor_from_nowhere_is_an_error() -> None:
    x, y = FakeTensor(f32(2)), FakeTensor(f32(3))
    model = FakeModel("m", [FakeCall(FakeLayer("layer"), (x,), (y,))], (), (y,))
    message = r"model 'm': layer 'layer' \(FakeLayer\) reads a tensor f32\[2\] that no layer before it makes"
    with pytest.raises(ModelError, match=message):
        layers_diagram(model)


def test_equal_tensors_are_told_apart_by_identity() -> None:
    class EqualTensor(FakeTensor):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, EqualTensor)

        __hash__ = None  # type: ignore[assignment]

    a, b, c = (EqualTensor(f32(2)) for _ in range(3))
    calls = [
        FakeCall(samples.InputLayer("a"), (), (a,)),
        FakeCall(samples.InputLayer("b"), (), (b,)),
        FakeCall(FakeLayer("l"), (b,), (c,)),
    ]
    diagram = layers_diagram(FakeModel("m", calls, (a, b), (c,)))
    assert [(arrow.start, arrow.end) for arrow in diagram.edges] == [("input2", "layer1"), ("layer1", "output1")]


def test_inputs_and_outputs_are_numbered_as_predict_takes_and_gives_them() -> None:
    late, early = nnc.Input((3,), name="late"), nnc.Input((2,), name="early")
    first = nnc.layers.Dense(4)(early)
    joined = nnc.layers.Concatenate()([first, late])
    model = nnc.Model([late, early], [nnc.layers.Dense(1, name="second")(joined), first])
    assert model.input_names == ["late", "early"]
    found = labels(layers_diagram(model))
    assert found[:2] == [["Input1", "late"], ["Input2", "early"]]
    ends = {arrow.end: arrow.label for arrow in layers_diagram(model).edges}
    assert (ends["output1"], ends["output2"]) == ("batch×1", "batch×4")
