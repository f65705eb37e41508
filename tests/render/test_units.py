"""Networks of dense layers, unit by unit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError
from nnc.render import Diagram, Table, encode, picture_of, render, units_diagram
from nnc.render.unit_network import END_UNITS, FOLDED, MOST_UNITS, THICKEST, THINNEST
from tests.render import networks, svg


def titles(diagram: Diagram) -> dict[str, str]:
    """Return the title of each box by its key."""
    return {box.key: box.lines[0].text for box in diagram.nodes}


def weights(diagram: Diagram) -> dict[tuple[str, str], str]:
    names = titles(diagram)
    return {(names[arrow.start], names[arrow.end]): arrow.note for arrow in diagram.edges}


def rows(diagram: Diagram, title: str) -> list[tuple[str, ...]]:
    box = next(box for box in diagram.nodes if box.lines[0].text == title)
    return [row for part in box.content if isinstance(part, Table) for row in part.rows]


def test_every_weight_is_an_edge_and_every_bias_stands_in_its_unit() -> None:
    model = networks.base()
    first, second = model.layers
    first.set_weights([numpy.array([[1.0, -2.0], [0.5, 0.0]]), numpy.array([0.25, -0.125])])
    second.set_weights([numpy.array([[4.0], [-0.001]]), numpy.array([3.0])])
    diagram = units_diagram(model)
    assert diagram.title == "base · 9 parameters · thickest edge: a weight of 4"
    assert weights(diagram) == {
        ("Input-1", "Layer1-1"): "1",
        ("Input-2", "Layer1-1"): "0.5",
        ("Input-1", "Layer1-2"): "-2",
        ("Input-2", "Layer1-2"): "0",
        ("Layer1-1", "Layer2"): "4",
        ("Layer1-2", "Layer2"): "-0.001",
        ("Layer2", "Output"): "",
    }
    kinds = [arrow.kind for arrow in diagram.edges]
    assert kinds == ["positive", "positive", "negative", "positive", "positive", "negative", ""]
    widths = [arrow.width for arrow in diagram.edges[:-1]]
    assert widths == [THICKEST / 4, THICKEST / 8, THICKEST / 2, THINNEST, THICKEST, THINNEST]
    assert rows(diagram, "Layer1-2") == [("Input-1", "-2"), ("Input-2", "0"), ("bias", "-0.125")]
    assert [(group.label, group.note) for group in diagram.groups] == [
        ("Input", ""),
        ("Layer1", "dense · Dense(2, sigmoid)"),
        ("Layer2", "dense_1 · Dense(1, sigmoid)"),
    ]


def test_units_stand_in_columns_in_their_order() -> None:
    model = nnc.Sequential([nnc.Input((5,)), layers.Dense(6, activation="tanh"), layers.Dense(4)])
    picture = encode(picture_of(model, "units"), "svg")
    found = {text.text: ((text.left + text.right) / 2, text.top) for text in svg.placed_texts(picture)}
    for column in ([f"Input-{unit}" for unit in range(1, 6)], [f"Layer1-{unit}" for unit in range(1, 7)]):
        places = [found[name] for name in column]
        assert [y for _, y in places] == sorted(y for _, y in places)
        assert max(x for x, _ in places) - min(x for x, _ in places) < 10
    assert found["Input-1"][0] < found["Layer1-1"][0] < found["Layer2-1"][0] < found["Output"][0]


def test_of_a_large_layer_the_first_and_the_last_units_are_drawn() -> None:
    shape = (4, MOST_UNITS)
    model = nnc.Sequential([nnc.Input(shape), layers.Flatten(), layers.Dropout(0.5), layers.Dense(MOST_UNITS)])
    diagram = units_diagram(model)
    names = [name for name in titles(diagram).values() if name.startswith(("Input", "…"))]
    count = 4 * MOST_UNITS
    expected = [f"Input-{unit}" for unit in range(1, count + 1)]
    assert names == [*expected[:END_UNITS], f"… {count - 2 * END_UNITS} more", *expected[-END_UNITS:]]
    assert diagram.groups[0].note == "Dropout(rate 0.5)"
    kernel = model.layers[-1].get_weights()[0]
    assert weights(diagram)[f"Input-{count}", "Layer1-10"] == f"{kernel[-1, -1]:.3g}"
    assert {arrow.width for arrow in diagram.edges if not arrow.note and arrow.end != "output1"} == {FOLDED}
    assert rows(diagram, "Layer1-1") == [("bias", "0")]


def test_models_in_models_heads_and_shared_layers() -> None:
    x, z = nnc.Input((2,), name="left"), nnc.Input((2,), name="right")
    shared = nnc.Sequential([nnc.Input((2,)), layers.Dense(1, use_bias=False)], name="shared")
    model = nnc.Model([x, z], [layers.Activation("tanh")(shared(x)), layers.Dense(1)(shared(z))])
    diagram = units_diagram(model)
    assert [(group.label, group.note) for group in diagram.groups] == [
        ("Input1", "left"),
        ("Input2", "right"),
        ("Layer1", "dense · Dense(1) · Activation(tanh)"),
        ("Layer1", "dense · Dense(1)"),
        ("Layer2", "dense · Dense(1)"),
    ]
    names = list(titles(diagram).values())
    assert names[-2:] == ["Output1", "Output2"]
    assert all(row[0] != "bias" for row in rows(diagram, "Layer1"))


def test_weights_that_are_no_numbers_are_shown() -> None:
    model = nnc.Sequential([nnc.Input((2,)), layers.Dense(1)])
    model.layers[0].set_weights([numpy.array([[numpy.nan], [-2.0]]), numpy.zeros(1)])
    diagram = units_diagram(model)
    assert [(arrow.note, arrow.width) for arrow in diagram.edges[:-1]] == [("nan", THICKEST), ("-2", THICKEST)]
    assert "thickest edge: a weight of 2" in diagram.title


def test_all_weights_zero() -> None:
    model = nnc.Sequential([nnc.Input((1,)), layers.Dense(1, kernel_initializer="zeros")])
    assert [arrow.width for arrow in units_diagram(model).edges] == [THINNEST, 0]


REFUSED: dict[str, Callable[[], Any]] = {
    "layer 'lstm' (LSTM) has no units to be drawn one by one": lambda: networks.lstm(),
    "layer 'embedding' (Embedding) has no units": lambda: nnc.Sequential(
        [nnc.Input((None,), dtype="int32"), layers.Embedding(3, 2), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    ),
    "layer 'norm' (BatchNormalization) has no units": lambda: nnc.Sequential(
        [nnc.Input((2,)), layers.Dense(2), layers.BatchNormalization(name="norm")]
    ),
    "layer 'add' (Add) has no units": lambda: _residual(),
    "layer 'steps' (Dense) works on the last axis of f32[batch,5,2]": lambda: nnc.Sequential(
        [nnc.Input((5, 2)), layers.Dense(2, name="steps")]
    ),
    "is not built, so it has no units": lambda: nnc.Sequential([layers.Dense(2)]),
}


def _residual() -> nnc.Model:
    x = nnc.Input((2,))
    return nnc.Model(x, layers.Add()([x, layers.Dense(2)(x)]))


@pytest.mark.parametrize("message", REFUSED)
def test_other_layers_are_refused_by_name(message: str) -> None:
    with pytest.raises(ModelError, match=re.escape(message)):
        render(REFUSED[message](), "units", "txt")
