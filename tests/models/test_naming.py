"""Names of layers: unique in a model, steady across models, never one for two layers."""

from __future__ import annotations

import nnc
from nnc.layers import Activation, Dense, Dropout


def names(model: nnc.Model) -> list[str]:
    return [layer.name for layer in model.layers]


def chain(*layers, width: int = 3) -> nnc.Sequential:
    return nnc.Sequential([nnc.Input((width,)), *layers])


def test_default_names_count():
    model = chain(Dense(3), Dense(3), Activation("relu"), Dropout(0.1), Dense(3), Dropout(0.2))
    assert names(model) == ["dense", "dense_1", "activation", "dropout", "dense_2", "dropout_1"]


def test_own_names_stay_and_are_counted_around():
    model = chain(Dense(3), Dense(3, name="dense"), Dense(3, name="dense_2"), Dense(3))
    assert names(model) == ["dense_1", "dense", "dense_2", "dense_3"]


def test_every_model_counts_for_itself():
    assert names(chain(Dense(3), Dense(3))) == names(chain(Dense(3), Dense(3))) == ["dense", "dense_1"]


def test_a_second_model_does_not_rename_the_layers_of_the_first():
    first = chain(Dense(3), Dense(3))
    second = chain(first.layers[1])
    assert names(first) == ["dense", "dense_1"]
    assert names(second) == ["dense_1"]
    third = chain(Dense(3), first.layers[1], Dense(3))
    assert names(third) == ["dense", "dense_1", "dense_2"]
    for model in (first, second, third):
        assert sorted(model.program.variables) == sorted(weight.path for weight in model.weights)
        assert len(model.program.variables) == len(model.weights)


def test_where_two_names_meet_the_new_one_is_free_in_both_models():
    first, second = chain(Dense(3), Dense(3)), chain(Dense(3), Dense(3))
    x = nnc.Input((3,))
    both = nnc.Model(x, second(first(x)))
    assert names(both) == ["input", "sequential", "sequential_1"]
    assert names(first) == names(second) == ["dense", "dense_1"]
    assert list(both.program.variables)[2:4] == ["sequential/dense_1/kernel", "sequential/dense_1/bias"]
    crossed = nnc.Model(x, second.layers[1](first.layers[1](second.layers[0](first.layers[0](x)))))
    assert len(set(names(crossed))) == 5
    for model in (first, second, both, crossed):
        assert len(set(names(model))) == len(names(model))
        assert len(model.program.variables) == len(model.weights)


def test_a_new_name_is_not_that_of_a_layer_elsewhere():
    first, second = chain(Dense(3), Dense(3)), chain(Dense(3), Dense(3))
    x = nnc.Input((3,))
    mixed = nnc.Model(x, second.layers[0](first.layers[0](x)))
    assert names(mixed) == ["input", "dense", "dense_2"]
    assert names(first) == ["dense", "dense_1"]
    assert names(second) == ["dense_2", "dense_1"]
    assert len(second.program.variables) == 4


def test_inputs_are_named_too():
    inputs = [nnc.Input((3,)) for _ in range(3)] + [nnc.Input((3,), name="input_1")]
    model = nnc.Model(inputs, nnc.layers.Add()(inputs))
    assert model.input_names == ["input", "input_2", "input_3", "input_1"]
    assert chain(Dense(1)).input_names == ["x"]


def test_names_in_graphs():
    model = chain(Dense(3, activation="tanh"), Dense(2, name="last one"))
    graph = model.program.graph("predict")
    assert {node.path for node in graph.nodes if not node.is_leaf} <= {"", "dense", "last one"}
    assert list(graph.outputs) == ["last one"]
    assert sorted(model.program.variables) == ["dense/bias", "dense/kernel", "last one/bias", "last one/kernel"]
