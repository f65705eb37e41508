"""Keras's own form, without Keras: what Keras 2 wrote, and what nnc's own `get_config` gives."""

from __future__ import annotations

import json
from typing import Any

import numpy
import pytest

import nnc
from frontends.model_reader import build_model
from frontends.nodes import from_plain
from frontends.problems import Problems
from frontends.yaml_file import read_text
from nnc.errors import ModelFileError
from nnc.layers import Activation, Concatenate, Dense, Dropout, Input
from tests.frontends.samples import KERAS_2_FUNCTIONAL, KERAS_2_SEQUENTIAL, SHORT


def sequential() -> nnc.Sequential:
    layers = [Dense(3, activation="relu", name="dense_12"), Dropout(0.5, name="dropout_3")]
    first = Input((4,), name="dense_12_input")
    return nnc.Sequential([first, *layers, Activation("softmax", name="activation_3")], name="sequential_7")


def functional() -> nnc.Model:
    a, b = Input((4,), name="input_1"), Input((4,), name="input_2")
    shared = Dense(3, activation="tanh", name="shared")
    joined = Concatenate(name="concatenate")([shared(a), shared(b), a])
    return nnc.Model([a, b], Dense(1, name="out")(joined), name="model_1")


def wiring(model: nnc.Model) -> list[tuple[str, list[str]]]:
    """Return each call's layer with what it reads."""
    return [
        (call.layer.name, [source.call.layer.name for source in call.inputs if source.call]) for call in model.calls
    ]


@pytest.mark.parametrize(("text", "expected"), [(KERAS_2_SEQUENTIAL, sequential), (KERAS_2_FUNCTIONAL, functional)])
def test_files_of_keras_2(text: str, expected: Any) -> None:
    found, model = read_text(text, "model.json", is_json=True), expected()
    assert type(found) is type(model)
    assert found.name == model.name
    assert wiring(found) == wiring(model)
    for left, right in zip(found.layers, model.layers, strict=True):
        assert {**left.get_config(), "dtype": None} == {**right.get_config(), "dtype": None}
    found.set_weights(model.get_weights())
    rows = [numpy.random.default_rng(seed).normal(size=(5, 4)) for seed in range(len(model.inputs))]
    x = rows[0] if len(rows) == 1 else rows
    numpy.testing.assert_array_equal(found.predict(x), model.predict(x))
    assert not found.is_compiled


@pytest.mark.parametrize("text", [KERAS_2_SEQUENTIAL, KERAS_2_FUNCTIONAL])
def test_config_alone(text: str) -> None:
    whole = json.loads(text)
    found = read_text(json.dumps(whole["config"]), "model.json", is_json=True)
    assert found.get_config() == read_text(text, "model.json", is_json=True).get_config()


def test_list_of_layers_of_the_first_keras_2() -> None:
    layers = json.loads(KERAS_2_SEQUENTIAL)["config"]["layers"][1:]
    found = read_text(json.dumps({"class_name": "Sequential", "config": layers}), "model.json", is_json=True)
    assert [layer.name for layer in found.layers] == ["dense_12", "dropout_3", "activation_3"]
    assert found.input_shape == (None, 4)


def test_input_shape_of_a_sequential_that_was_built_late() -> None:
    config = {"layers": [{"class_name": "Dense", "config": {"units": 2}}], "build_input_shape": [None, 7]}
    found = read_text(json.dumps({"class_name": "Sequential", "config": config}), "model.json", is_json=True)
    assert found.input_shape == (None, 7)


def test_keras_form_as_yaml() -> None:
    text = """
class_name: Sequential
config:
  name: old
  layers:
  - class_name: Dense
    config: {name: d, units: 2, batch_input_shape: [null, 3], dtype: {class_name: DTypePolicy, config: {name: float64}}}
"""
    found = read_text(text, "model.yaml")
    assert found.input_shape == (None, 3)
    assert found.layers[0].get_weights()[0].dtype == numpy.float64


@pytest.mark.parametrize("make", [sequential, functional, lambda: read_text(SHORT, "model.yaml")])
def test_own_configs_are_read_back(make: Any) -> None:
    model = make()
    config = {"class_name": type(model).__name__, "config": model.get_config()}
    found = build_model(from_plain(config), Problems("config", "config"), compile=True)
    assert found.get_config() == model.get_config()


def keras_3(name: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, 2], "keras_history": [name, 0, 0]}}


@pytest.mark.parametrize(
    "node",
    [
        {"args": [keras_3("a"), keras_3("b")], "kwargs": {}},
        {"args": [[keras_3("a"), keras_3("b")]], "kwargs": {"training": False, "mask": None}},
        {"args": [], "kwargs": {"inputs": [keras_3("a"), keras_3("b")]}},
        {"args": [{"one": keras_3("a"), "two": keras_3("b")}], "kwargs": {}},
        [["a", 0, 0, {}], ["b", 0, 0, {}]],
        [["a", 0, 0], ["b", 0, 0]],
    ],
)
@pytest.mark.parametrize("ends", [[["add", 0, 0]], ["add", 0, 0], {"total": ["add", 0, 0]}])
def test_ways_to_write_a_call(node: Any, ends: Any) -> None:
    layers = [
        {
            "class_name": "InputLayer",
            "name": name,
            "config": {"batch_shape": [None, 2], "name": name},
            "inbound_nodes": [],
        }
        for name in ("a", "b")
    ]
    layers.append({"class_name": "Add", "name": "add", "config": {"name": "add"}, "inbound_nodes": [node]})
    config = {"layers": layers, "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": ends}
    found = read_text(json.dumps({"class_name": "Functional", "config": config}), "model.json", is_json=True)
    assert wiring(found)[-1] == ("add", ["a", "b"])


@pytest.mark.parametrize("registered", [False, True])
def test_keras_writes_arguments_that_custom_layers_need_not_have(registered: bool) -> None:
    """What Keras 3 writes for a custom layer without an `__init__` of its own."""

    class Twice(nnc.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2.0

    from nnc.layers.registry import known_classes

    config = {"activity_regularizer": None, "trainable": True, "dtype": "float32", "autocast": True, "name": "twice"}
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "x"}},
        {"module": "mine", "class_name": "Twice", "config": config, "registered_name": "Custom>Twice"},
    ]
    text = json.dumps(
        {"class_name": "Sequential", "config": {"name": "net", "layers": layers}, "keras_version": "3.15.1"}
    )
    with known_classes({"Twice": Twice} if registered else {}):
        model = read_text(text, "model.json", is_json=True, replace=None if registered else {"Twice": Twice})
    numpy.testing.assert_array_equal(model.predict(numpy.ones((1, 2))), [[2, 2]])
    bad = text.replace('"autocast": true', '"autocast": "no"')
    with pytest.raises(ModelFileError, match="has no argument 'autocast'"), known_classes({"Twice": Twice}):
        read_text(bad, "model.json", is_json=True)
